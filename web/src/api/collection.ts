import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type Bounds, type RangeSearch, resolveRange } from '../time/range'
import { api, body } from './client'

export const collectionKey = ['collection'] as const

/**
 * What collecting each factory takes and gives, with the number of runs that started in the range; for all of history
 * that number is null, because factories carry it themselves.
 */
export function collectionQuery({ range, from, to }: RangeSearch, now: () => number = Date.now) {
  return queryOptions({
    queryKey: [...collectionKey, { range, from, to }],
    queryFn: ({ signal }) => {
      const query: Bounds = resolveRange({ range, from, to }, now())
      return body(api.GET('/api/v1/collection', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
  })
}

/** Orders that a range of a factory is read from Azure once more. */
export function orderReread(factory: string, range: { from: string; to: string }) {
  return body(
    api.POST('/api/v1/factories/{factory}/rereads', { params: { path: { factory } }, body: range }),
  )
}
