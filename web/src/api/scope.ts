import type { QueryClient } from '@tanstack/react-query'
import { compareInstants } from '../time/instant'
import { allHistory, type Bounds, type RangeSearch, resolveRange } from '../time/range'
import { factoriesQuery } from './factories'

/** The part of the URL that says which factories and which time. Part of the keys of what is asked with it. */
export interface ScopeFilter extends RangeSearch {
  factory?: string[] | undefined
}

/** Only what scopes a request, in a fixed order, so that equal scopes make equal keys. */
export function scopeOf({ factory, range, from, to }: ScopeFilter): ScopeFilter {
  return { factory, range, from, to }
}

/**
 * Query parameters of a scope for what the API answers for the last 24 hours unless told (overview, timeline). Relative
 * ranges are resolved when the request is made, so their keys stay the same; all of history begins with the first run
 * that is stored.
 */
export async function scopeQuery(
  scope: ScopeFilter,
  now: number,
  client: QueryClient,
): Promise<Bounds & { factory?: string[] }> {
  const isAll = scope.range === allHistory && !scope.from && !scope.to
  const bounds = isAll ? await historyOf(scope, client) : resolveRange(scope, now)
  return { ...bounds, ...(scope.factory ? { factory: scope.factory } : {}) }
}

async function historyOf({ factory }: ScopeFilter, client: QueryClient): Promise<Bounds> {
  const { items } = await client.ensureQueryData(factoriesQuery())
  const [first] = items
    .filter((item) => !factory || factory.includes(item.factory))
    .flatMap((item) => item.firstRunStart ?? [])
    .sort(compareInstants)
  return first ? { from: first } : {}
}
