import * as v from 'valibot'
import { recoveryStates } from '../status/status'
import { allHistory, relativeMillis } from '../time/range'

// Each field falls back to nothing, so that a mangled link opens the page without that filter; left-out.ts says so.

/** A repeatable name: one or several texts in the URL, a list without doubles in code, absent when empty. */
const list = v.fallback(
  v.optional(
    v.pipe(
      v.union([v.string(), v.array(v.string())]),
      v.transform((value) => [...new Set(Array.isArray(value) ? value : [value])].filter(Boolean)),
      v.transform((values) => (values.length === 0 ? undefined : values)),
    ),
  ),
  undefined,
)

/** What became of failed runs; a state that is not known is left out. */
const recovery = v.fallback(
  v.optional(
    v.pipe(
      v.union([v.string(), v.array(v.string())]),
      v.transform((value) => recoveryStates.filter((state) => [value].flat().includes(state))),
      v.transform((states) => (states.length === 0 ? undefined : states)),
    ),
  ),
  undefined,
)

const text = v.fallback(v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty())), undefined)

/** As the API reads it: with its zone, and of a day that there is. Date would take 31 February for 3 March. */
function isInstant(value: string): boolean {
  const [, year, month, day] =
    /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(value) ?? []
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return Number(day) <= lastDay && !Number.isNaN(Date.parse(value))
}

const instant = v.fallback(v.optional(v.pipe(v.string(), v.check(isInstant))), undefined)

const range = v.fallback(
  v.optional(
    v.pipe(
      v.string(),
      v.check((value) => value === allHistory || relativeMillis(value) !== null),
    ),
  ),
  undefined,
)

const flag = v.fallback(
  v.optional(
    v.pipe(
      v.union([v.boolean(), v.picklist(['true', 'false'])]),
      v.transform((value) => value === true || value === 'true'),
    ),
  ),
  undefined,
)

/** What all pages share: which factories, which time, written in which zone. */
export const scopeSchema = v.object({
  /** Short ids of factories; absent means all. */
  factory: list,
  range,
  from: instant,
  to: instant,
  /** Absent means the browser's own zone. */
  zone: v.fallback(v.optional(v.literal('utc')), undefined),
})

export const scopeKeys = ['factory', 'range', 'from', 'to', 'zone'] as const

export const runSorts = ['-runStart', 'runStart', '-durationInMs', 'durationInMs'] as const

export const runFilterFields = v.object({
  ...scopeSchema.entries,
  status: list,
  pipeline: list,
  trigger: list,
  invokedBy: list,
  annotation: list,
  group: v.fallback(v.optional(v.literal('latest')), undefined),
  recovery,
  /** Of links of before: `true` became recovery=open, `false` is every run that is not open. Recovery replaces it. */
  open: flag,
  /** "90s", "5m", "1h30m" or whole milliseconds. */
  minDuration: text,
  q: text,
  sort: v.fallback(v.optional(v.picklist(runSorts)), undefined),
})

export type RunFilter = v.InferOutput<typeof runFilterFields>

/** The filters of runs, under the API's names. */
export const runFilterSchema = v.pipe(runFilterFields, v.transform(withRecovery))

// The server applies both filters, and no recovered run is open: a choice of states replaces the older filter.
function withRecovery(filter: RunFilter): RunFilter {
  if (filter.open === undefined) return filter
  if (filter.recovery !== undefined) return { ...filter, open: undefined }
  return filter.open ? { ...filter, recovery: ['open'], open: undefined } : filter
}

export type Scope = v.InferOutput<typeof scopeSchema>
export type RunSort = (typeof runSorts)[number]
