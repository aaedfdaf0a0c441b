import type { Factory, Source } from '../api/types'
import { isImported, isStale, isWatched } from '../factory/state'
import { compareInstants } from '../time/instant'

export interface FreshnessSummary {
  /** Everything last updated before it is known, but for what is stale; null when nothing has been read yet. */
  asOf: string | null
  /** Factories in the scope that were read, and are not kept up to date though they should be. */
  stale: number
  /** Factories in the scope of which nothing could ever be read. */
  neverRead: number
  /** Factories in the scope of which only imported runs are here. */
  imported: number
  /** Factories in the scope whose history is still being read. */
  filling: number
  /** Whether nothing in the scope is fresh: then `asOf` is the newest that is known. */
  allStale: boolean
  /** Factories in the scope. */
  total: number
  /** Sources that report an error, whatever the scope. */
  sourceErrors: number
}

/** What the header says of the scope's freshness. Factories that Azure no longer has, or that nobody asked for, do not count. */
export function summarizeFreshness(
  factories: Factory[],
  sources: Source[],
  scope: string[] | undefined,
): FreshnessSummary {
  const inScope = factories.filter((f) => !scope || scope.includes(f.factory))
  const watched = inScope.filter(isWatched)
  const late = watched.filter((f) => isStale(f))
  const kept = watched.filter((f) => !isStale(f))
  const known = kept.filter((f) => f.asOf !== null)
  const allStale = watched.length > 0 && kept.length === 0
  return {
    asOf: allStale ? newest(late) : oldest(known),
    stale: late.filter((f) => !f.neverRead).length,
    neverRead: late.filter((f) => f.neverRead).length,
    imported: inScope.filter(isImported).length,
    filling: watched.filter((f) => f.state === 'filling' && !f.neverRead).length,
    allStale,
    total: inScope.length,
    sourceErrors: sources.filter((source) => source.state === 'error').length,
  }
}

function newest(factories: Factory[]): string | null {
  return (
    factories
      .map((f) => f.asOf)
      .sort(compareInstants)
      .at(-1) ?? null
  )
}

function oldest(factories: Factory[]): string | null {
  return factories.map((f) => f.asOf).sort(compareInstants)[0] ?? null
}
