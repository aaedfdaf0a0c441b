import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { RunFilter } from '../search/schema'
import { type Bounds, resolveRange } from '../time/range'
import { basisMs } from './basis'
import { api, body } from './client'
import { read } from './read'
import { scopeOf } from './scope'

export const runsKey = ['runs'] as const
export const facetsKey = ['facets'] as const

/** How many runs one request brings. */
const runPageSize = 100

interface RunCursor {
  /** Null for the first page. */
  cursor: string | null
  /** The bounds the first page was asked with: a cursor is bound to them, and a relative range moves. */
  bounds: Bounds | null
}

/** Only what filters runs, in a fixed order. `zone` and the like do not make another list. */
function filterOf(filter: RunFilter) {
  const { status, recovery, pipeline, trigger, invokedBy, annotation } = filter
  const { group, open, minDuration, q } = filter
  return {
    ...scopeOf(filter),
    status,
    recovery,
    pipeline,
    trigger,
    invokedBy,
    annotation,
    group,
    open,
    minDuration,
    q,
  }
}

type RunParams = Omit<ReturnType<typeof filterOf>, 'range' | 'from' | 'to'>

function filterParams(filter: RunFilter) {
  const { range: _range, from: _from, to: _to, ...rest } = filterOf(filter)
  return defined(rest) as { [K in keyof RunParams]: NonNullable<RunParams[K]> }
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}

/** The list of runs for a filter, page by page. */
export function runsQuery(filter: RunFilter, now: () => number = Date.now) {
  const { sort } = filter
  return infiniteQueryOptions({
    queryKey: [...runsKey, { ...filterOf(filter), sort }],
    initialPageParam: { cursor: null, bounds: null } as RunCursor,
    queryFn: async ({ pageParam, signal }) => {
      const bounds = pageParam.bounds ?? resolveRange(filter, now())
      const query = {
        ...filterParams(filter),
        ...bounds,
        ...(sort ? { sort } : {}),
        ...(pageParam.cursor ? { cursor: pageParam.cursor } : {}),
        limit: runPageSize,
      }
      const page = await read(body(api.GET('/api/v1/runs', { params: { query }, signal })))
      return { ...page, bounds }
    },
    getNextPageParam: (last): RunCursor | null =>
      last.nextCursor ? { cursor: last.nextCursor, bounds: last.bounds } : null,
    placeholderData: keepPreviousData,
  })
}

/** How many runs the filter finds, and how many each further choice would. */
export function facetsQuery(filter: RunFilter, now: () => number = Date.now) {
  return queryOptions({
    queryKey: [...facetsKey, filterOf(filter)],
    queryFn: ({ signal }) => {
      const query = { ...filterParams(filter), ...resolveRange(filter, now()) }
      return body(api.GET('/api/v1/runs/facets', { params: { query }, signal }))
    },
    placeholderData: keepPreviousData,
    refetchInterval: basisMs,
  })
}

/** The newest runs that a few typed words, or the start of a runId, find in all of history; without words the newest. */
export function findRunsQuery(q: string) {
  return queryOptions({
    queryKey: ['find-runs', q],
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/runs', { params: { query: { limit: 50, ...(q ? { q } : {}) } }, signal }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  })
}
