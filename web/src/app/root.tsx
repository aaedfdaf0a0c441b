import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, retainSearchParams } from '@tanstack/react-router'
import type { LeftOut } from '../search/left-out'
import { type Scope, scopeKeys, scopeSchema } from '../search/schema'
import { NotFound, PageError } from './fallbacks'
import { Shell } from './shell'

export interface RouterContext {
  queryClient: QueryClient
  /** What the link that opened the app asked for in vain. */
  leftOut: LeftOut[]
}

/** The frame of all pages. Scope, range and zone are its search, kept on every way from page to page. */
export const rootRoute = createRootRouteWithContext<RouterContext>()({
  validateSearch: scopeSchema,
  search: { middlewares: [retainSearchParams<Scope>([...scopeKeys])] },
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageError,
})
