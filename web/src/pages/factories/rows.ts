import type { Collection, Factory, FactoryCollection } from '../../api/types'
import { isWatched, worstFirst } from '../../factory/state'
import { compareInstants } from '../../time/instant'
import { requestsPerHour } from './lag'
import type { FactorySort } from './search'

/** A row of the table: a factory with what collecting it takes. */
export interface FactoryRow {
  factory: Factory
  /** Absent until it is known. */
  collection: FactoryCollection | undefined
  /** Runs in the range; null when not known. */
  runs: number | null
  perHour: number | null
}

interface Known {
  factories: Factory[]
  collection: Collection | undefined
  /** All of history: then the factories themselves know how many runs there are. */
  allRuns: boolean
  now: number
}

export function rowsOf({ factories, collection, allRuns, now }: Known): FactoryRow[] {
  const items = new Map(collection?.items.map((item) => [item.factory, item]))
  return worstFirst(factories).map((factory) => {
    const item = items.get(factory.factory)
    return {
      factory,
      collection: item,
      runs: allRuns ? factory.runs : (item?.runs ?? null),
      perHour: uncounted(factory, item) ? null : requestsPerHour(item, now),
    }
  })
}

/** Whether it is asked about and none of that has been counted so far: what is counted is stored with some delay. */
export function uncounted(factory: Factory, item: FactoryCollection | undefined): boolean {
  return item?.usage.requests === 0 && isWatched(factory)
}

/** The rows in the wanted order; equal ones stay as they were, what needs a look first. What is not known is last. */
export function sorted(rows: FactoryRow[], sort: FactorySort | undefined): FactoryRow[] {
  if (!sort) return rows
  const down = sort.startsWith('-')
  const field = sort.replace('-', '') as SortField
  const known = rows.filter((row) => figureOf(row, field) !== null)
  const rest = rows.filter((row) => figureOf(row, field) === null)
  known.sort((a, b) => compare(a, b, field) * (down ? -1 : 1))
  return [...known, ...rest]
}

export type SortField = 'name' | 'source' | 'coverage' | 'asOf' | 'lag' | 'runs' | 'requests'

function figureOf({ factory, collection, runs, perHour }: FactoryRow, field: SortField) {
  switch (field) {
    case 'name':
      return factory.name
    case 'source':
      return factory.source
    case 'coverage':
      return factory.coverage.from
    case 'asOf':
      return factory.asOf
    case 'lag':
      return collection?.lags.length ? Math.max(...collection.lags.map((lag) => lag.seconds)) : null
    case 'runs':
      return runs
    case 'requests':
      return perHour
  }
}

function compare(a: FactoryRow, b: FactoryRow, field: SortField): number {
  const left = figureOf(a, field)
  const right = figureOf(b, field)
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return field === 'coverage' || field === 'asOf'
    ? compareInstants(String(left), String(right))
    : String(left).localeCompare(String(right))
}

/** A sum; null when a part of it is not known. */
export function sumOf(values: (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  )
}
