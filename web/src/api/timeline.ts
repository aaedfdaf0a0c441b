import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { basisMs } from './basis'
import { api, body } from './client'
import { type ScopeFilter, scopeOf, scopeQuery } from './scope'
import type { BucketWidth } from './types'

export const timelineKey = ['timeline'] as const

export interface TimelineFilter extends ScopeFilter {
  pipeline?: string[] | undefined
  /** Absent: the server takes the smallest that gives at most 120 buckets. */
  bucket?: BucketWidth | undefined
}

/** Counts of statuses per bucket of time. */
export function timelineQuery(filter: TimelineFilter, now: () => number = Date.now) {
  const { pipeline, bucket } = filter
  return queryOptions({
    queryKey: [...timelineKey, { ...scopeOf(filter), pipeline, bucket }],
    queryFn: async ({ client, signal }) => {
      const query = {
        ...(await scopeQuery(filter, now(), client)),
        ...(pipeline ? { pipeline } : {}),
        ...(bucket ? { bucket } : {}),
      }
      return body(api.GET('/api/v1/timeline', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
    refetchInterval: basisMs,
  })
}
