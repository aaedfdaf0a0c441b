import { type Bounds, type RangeSearch, resolveRange } from '../time/range'

/** The part of the URL that says which factories and which time. Part of the keys of what is asked with it. */
export interface ScopeFilter extends RangeSearch {
  factory?: string[] | undefined
}

/** Only what scopes a request, in a fixed order, so that equal scopes make equal keys. */
export function scopeOf({ factory, range, from, to }: ScopeFilter): ScopeFilter {
  return { factory, range, from, to }
}

/** Query parameters of a scope. Relative ranges are resolved when the request is made, so their keys stay the same. */
export function scopeQuery(scope: ScopeFilter, now: number): Bounds & { factory?: string[] } {
  return { ...resolveRange(scope, now), ...(scope.factory ? { factory: scope.factory } : {}) }
}
