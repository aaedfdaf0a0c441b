import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { basisMs } from './basis'
import { api, body } from './client'
import { read } from './read'
import { type ScopeFilter, scopeOf, scopeQuery } from './scope'

/** The scope that the overview was asked for. */
export interface Asked {
  scope?: ScopeFilter
}

export const overviewKey = ['overview'] as const

/** The answer to "is everything all right" for a scope. `now` is the clock, read when the request is made. */
export function overviewQuery(scope: ScopeFilter, now: () => number = Date.now) {
  return queryOptions({
    queryKey: [...overviewKey, scopeOf(scope)],
    queryFn: async ({ client, signal }) => {
      const query = await scopeQuery(scope, now(), client)
      const answer = await read(body(api.GET('/api/v1/overview', { params: { query }, signal })))
      // While another scope is read this answer stays in sight, and its words have to be of its own scope.
      const asked: Asked = { scope: scopeOf(scope) }
      return { ...answer, ...asked }
    },
    placeholderData: keepPreviousData,
    refetchInterval: basisMs,
  })
}
