import * as v from 'valibot'

const factorySorts = [
  'name',
  '-name',
  'source',
  '-source',
  'coverage',
  '-coverage',
  '-asOf',
  'asOf',
  '-lag',
  'lag',
  '-runs',
  'runs',
  '-requests',
  'requests',
] as const

export type FactorySort = (typeof factorySorts)[number]

export const factoriesSearchSchema = v.object({
  /** Named unlike the runs' own `sort`, which ways from page to page may carry. Absent means: what needs a look first, then by name. */
  order: v.fallback(v.optional(v.picklist(factorySorts)), undefined),
  /** Short id of the factory whose details stand open. */
  details: v.fallback(v.optional(v.string()), undefined),
})
