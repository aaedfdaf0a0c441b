import type { Factory, FactoryList, Source } from '../api/types'
import { compareInstants } from '../time/instant'

/** A factory's state in one word, as a heading. */
export const stateWords: Record<Factory['state'], string> = {
  filling: 'Filling',
  fresh: 'Fresh',
  stale: 'Stale',
  refused: 'Refused',
  gone: 'Gone',
  'not collected': 'Not collected',
}

/** Whether it is not kept up to date though it should be. */
export function isStale(factory: Pick<Factory, 'state' | 'neverRead'>): boolean {
  return factory.neverRead || factory.state === 'stale' || factory.state === 'refused'
}

/** Whether a source or a factory is not as it should be. */
export function isTroubled({ items, sources }: Pick<FactoryList, 'items' | 'sources'>): boolean {
  return items.some(isStale) || sources.some(({ state }) => state === 'error')
}

/** Whether Azure is asked about it. */
export function isWatched(factory: Pick<Factory, 'state'>): boolean {
  return factory.state !== 'gone' && factory.state !== 'not collected'
}

/**
 * Whether runs may have come since its coverage ends: polls are late or refused, or collecting is off. A factory that
 * Azure no longer lists has no newer runs; what was not read before is among its gaps.
 */
export function lacksNewest(factory: Pick<Factory, 'state' | 'neverRead'>): boolean {
  return factory.state !== 'gone' && (isStale(factory) || !isWatched(factory))
}

/** Whether history before its coverage is wanted and not here. Without a wanted beginning only a first fill says so. */
export function lacksOlder({ state, coverage }: Pick<Factory, 'state' | 'coverage'>): boolean {
  const { complete, from, wantedFrom } = coverage
  if (complete) return false
  return wantedFrom === null ? state === 'filling' : compareInstants(from, wantedFrom) > 0
}

/** Whether it is known from files alone. */
export function isImported(factory: Pick<Factory, 'state' | 'source' | 'coverage'>): boolean {
  return (
    factory.source === null && factory.state === 'not collected' && factory.coverage.from === null
  )
}

/** Whether this server asks Azure by this source; it can check no other. */
export function isAsked(source: Pick<Source, 'state'>): boolean {
  return source.state !== 'not collected'
}

const order: Factory['state'][] = ['refused', 'stale', 'filling', 'fresh', 'not collected', 'gone']

/** The factories that need a look first, then by name. */
export function worstFirst(factories: Factory[]): Factory[] {
  return [...factories].sort(
    (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name),
  )
}
