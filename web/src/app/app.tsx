import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError } from '../api/error'
import { ShortcutsProvider } from '../keys/shortcuts'
import { LiveProvider } from '../live/live'
import { createAppRouter } from './router'

/** The cache of everything the API gave. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The live stream says when something changes; this only bounds what a lost event can cost.
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        // Andon may run on this very machine, without any network.
        networkMode: 'always',
        retry: (failures, error) => isPassing(error) && failures < 2,
      },
    },
  })
}

/** Worth another try: no answer, or an answer that says "later". */
function isPassing(error: Error): boolean {
  return error instanceof ApiError && [0, 429, 502, 503, 504].includes(error.status)
}

export function App() {
  const [queryClient] = useState(createQueryClient)
  const [router] = useState(() => createAppRouter(queryClient))
  return (
    // Base UI would put <style> elements into the page, which its policy refuses.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queryClient}>
        <ShortcutsProvider>
          <LiveProvider>
            <RouterProvider router={router} />
          </LiveProvider>
        </ShortcutsProvider>
      </QueryClientProvider>
    </CSPProvider>
  )
}
