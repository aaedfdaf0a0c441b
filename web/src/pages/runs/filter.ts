import type { RunFilter } from '../../search/schema'

/** The filters of this page alone: scope, range and zone belong to all pages, the order is no filter. */
const ownFilters = [
  'status',
  'recovery',
  'open',
  'pipeline',
  'trigger',
  'invokedBy',
  'annotation',
  'group',
  'minDuration',
  'q',
] as const

export type OwnFilter = (typeof ownFilters)[number]

export const emptyFilter: Pick<RunFilter, OwnFilter> = {
  status: undefined,
  recovery: undefined,
  open: undefined,
  pipeline: undefined,
  trigger: undefined,
  invokedBy: undefined,
  annotation: undefined,
  group: undefined,
  minDuration: undefined,
  q: undefined,
}

export function isFiltered(filter: RunFilter): boolean {
  return ownFilters.some((name) => filter[name] !== undefined)
}

/** The filters whose values are a list. */
export type ListFilter = 'status' | 'factory' | 'pipeline' | 'trigger' | 'invokedBy' | 'annotation'

/** The list with the value taken in or out; an empty one is no filter. */
export function toggled<Value extends string>(
  list: Value[] | undefined,
  value: Value,
): Value[] | undefined {
  const before = list ?? []
  const after = before.some((other) => same(other, value))
    ? before.filter((other) => !same(other, value))
    : [...before, value]
  return after.length === 0 ? undefined : after
}

export function isChosen(list: string[] | undefined, value: string): boolean {
  return list?.some((other) => same(other, value)) ?? false
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
