import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { basisMs } from './basis'
import { api, body } from './client'
import { type ScopeFilter, scopeOf, scopeQuery } from './scope'

export const overviewKey = ['overview'] as const

/** The answer to "is everything all right" for a scope. `now` is the clock, read when the request is made. */
export function overviewQuery(scope: ScopeFilter, now: () => number = Date.now) {
  return queryOptions({
    queryKey: [...overviewKey, scopeOf(scope)],
    queryFn: async ({ client, signal }) => {
      const query = await scopeQuery(scope, now(), client)
      return body(api.GET('/api/v1/overview', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
    refetchInterval: basisMs,
  })
}
