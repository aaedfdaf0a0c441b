import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router'
import { act, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { createQueryClient } from '../app/app'
import { type AppRouter, createAppRouter } from '../app/router'
import { ShortcutsProvider } from '../keys/shortcuts'
import { LiveProvider } from '../live/live'
import { ClockProvider } from '../time/clock'
import { ZoneProvider } from '../time/zone'
import { FakeEventSource } from './event-source'
import { sampleNow } from './samples'

interface RenderedApp {
  router: AppRouter
  queryClient: QueryClient
  user: ReturnType<typeof userEvent.setup>
  /** The newest live stream, of which the test is the server. */
  stream: () => FakeEventSource
}

/** A clock that stands still at the samples' moment. */
const stillClock = { now: () => sampleNow, subscribe: () => () => {} }

/** Opens the whole app at a path such as "/runs?status=Failed", with the clock standing at `sampleNow`. */
export async function renderApp(path: string): Promise<RenderedApp> {
  const queryClient = createQueryClient()
  const options = queryClient.getDefaultOptions()
  queryClient.setDefaultOptions({ queries: { ...options.queries, retry: false } })
  const router = createAppRouter(queryClient, createMemoryHistory({ initialEntries: [path] }))
  const user = userEvent.setup()
  render(
    <QueryClientProvider client={queryClient}>
      <ClockProvider value={stillClock}>
        <ShortcutsProvider>
          <LiveProvider>
            <RouterProvider router={router} />
          </LiveProvider>
        </ShortcutsProvider>
      </ClockProvider>
    </QueryClientProvider>,
  )
  await screen.findByRole('main')
  const stream = () => {
    const source = FakeEventSource.opened.at(-1)
    if (!source) throw new Error('the app has not opened the live stream')
    return source
  }
  act(() => stream().accept())
  return { router, queryClient, user, stream }
}

/** Draws a piece by itself, in UTC at `sampleNow`. Links need the app: use renderApp for what has any. */
export function renderPiece(piece: React.ReactNode) {
  const wrap = (child: React.ReactNode) => (
    <ClockProvider value={stillClock}>
      <ZoneProvider value="UTC">
        <ShortcutsProvider>{child}</ShortcutsProvider>
      </ZoneProvider>
    </ClockProvider>
  )
  const { rerender, container } = render(wrap(piece))
  return {
    container,
    user: userEvent.setup(),
    rerender: (next: React.ReactNode) => rerender(wrap(next)),
  }
}
