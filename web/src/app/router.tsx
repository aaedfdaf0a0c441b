import type { QueryClient } from '@tanstack/react-query'
import { createRouter, type RouterHistory } from '@tanstack/react-router'
import { basePath } from '../api/client'
import { factoriesRoute } from '../pages/factories/route'
import { overviewRoute } from '../pages/overview/route'
import { runRoute } from '../pages/run/route'
import { runsRoute } from '../pages/runs/route'
import { parseSearch, stringifySearch } from '../search/codec'
import { leftOutOf } from '../search/left-out'
import { NotFound, PageError, PageLoading } from './fallbacks'
import { rootRoute } from './root'

const routeTree = rootRoute.addChildren([overviewRoute, runsRoute, runRoute, factoriesRoute])

/** The app's router; a history of one's own is for tests. */
export function createAppRouter(queryClient: QueryClient, history?: RouterHistory) {
  // Asked before the router rewrites the address without them.
  const leftOut = leftOutOf(parseSearch((history ?? window).location.search))
  return createRouter({
    routeTree,
    basepath: basePath(),
    context: { queryClient, leftOut },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    // Preloaded data is Query's, which knows itself how old it is.
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: PageError,
    defaultPendingComponent: PageLoading,
    ...(history ? { history } : {}),
  })
}

export type AppRouter = ReturnType<typeof createAppRouter>

declare module '@tanstack/react-router' {
  interface Register {
    router: AppRouter
  }
}
