import { queryOptions } from '@tanstack/react-query'
import { api, body } from './client'

export const factoriesKey = ['factories'] as const

/** All factories with freshness and coverage, and the sources they come from. Live events keep it up to date. */
export function factoriesQuery() {
  return queryOptions({
    queryKey: factoriesKey,
    queryFn: ({ signal }) => body(api.GET('/api/v1/factories', { signal })),
  })
}
