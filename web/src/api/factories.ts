import { queryOptions } from '@tanstack/react-query'
import { isTroubled } from '../factory/state'
import { api, body } from './client'

export const factoriesKey = ['factories'] as const

/** No event tells of a source, nor of a factory whose polls stop: after this long all is asked for again. */
const calmMs = 60_000
/** The same while something is out of order. */
const troubledMs = 5_000

/** All factories with freshness and coverage, and the sources they come from. Live events keep the factories up to date. */
export function factoriesQuery() {
  return queryOptions({
    queryKey: factoriesKey,
    queryFn: ({ signal }) => body(api.GET('/api/v1/factories', { signal })),
    refetchInterval: ({ state: { data, dataUpdatedAt, errorUpdatedAt } }) => {
      if (!data) return false
      const gap = isTroubled(data) ? troubledMs : calmMs
      // What is left of the gap: each live event restarts the interval, and would put it off for ever.
      const asked = Math.max(dataUpdatedAt, errorUpdatedAt)
      return Math.min(gap, Math.max(1_000, asked + gap - Date.now()))
    },
  })
}
