import type { RunRow } from '../api/types'
import { compareInstants, toUTC } from '../time/instant'
import { resolveRange } from '../time/range'
import type { RunFilter } from './schema'

/**
 * Whether the server would list this run for the filter now. It repeats the server's predicate, so that a run of the
 * live stream appears in the lists it belongs to and in no other. Both pass internal/api/testdata/filter_cases.json.
 */
export function matchesFilter(run: RunRow, filter: RunFilter, now: number): boolean {
  return (
    inRange(run, filter, now) &&
    oneOf(filter.factory, [run.factory]) &&
    oneOf(filter.status, [run.status]) &&
    oneOf(filter.pipeline, [run.pipelineName]) &&
    oneOf(filter.trigger, [triggerOf(run)]) &&
    oneOf(filter.invokedBy, [invokedByTypeOf(run), run.startedBy]) &&
    hasAnnotation(run, filter.annotation) &&
    (filter.group === undefined || run.isLatest) &&
    oneOf(filter.recovery, [run.recovery?.state]) &&
    (filter.open === undefined || (run.recovery?.state === 'open') === filter.open) &&
    longEnough(run, filter.minDuration) &&
    found(run, filter.q)
  )
}

function inRange(run: RunRow, filter: RunFilter, now: number): boolean {
  const { from, to } = resolveRange(filter, now)
  if (from === undefined && to === undefined) return true
  if (from !== undefined && compareInstants(run.sortTime, toUTC(from)) < 0) return false
  return to === undefined || compareInstants(run.sortTime, toUTC(to)) < 0
}

/** Or within a name: true without a wish, or when one of the values is wished for. Case never matters in ADF's names. */
function oneOf(wished: string[] | undefined, values: (string | null | undefined)[]): boolean {
  if (!wished || wished.length === 0) return true
  return values.some((value) => value && wished.some((wish) => same(wish, value)))
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** Rows of 2018 have no type; those of people's own starts are named "Manual", and children name their parent's run. */
function invokedByTypeOf(run: RunRow): string | null {
  const by = run.invokedBy
  if (!by) return null
  if (by.invokedByType) return by.invokedByType
  if (by.name && same(by.name, 'Manual')) return 'Manual'
  return by.pipelineRunId ? 'PipelineActivity' : null
}

/** The name of the trigger that started it; null for people's starts and child runs. */
function triggerOf(run: RunRow): string | null {
  const type = invokedByTypeOf(run)
  if (type && (same(type, 'Manual') || same(type, 'PipelineActivity'))) return null
  return run.startedBy
}

/** Annotations are people's own texts, so their case matters. Other JSON counts as its text. */
function hasAnnotation(run: RunRow, wished: string[] | undefined): boolean {
  if (!wished || wished.length === 0) return true
  const texts = run.annotations.map((a) => (typeof a === 'string' ? a : JSON.stringify(a)))
  return texts.some((text) => wished.includes(text))
}

function longEnough(run: RunRow, minDuration: string | undefined): boolean {
  if (minDuration === undefined) return true
  const least = durationMillis(minDuration)
  return !least || (run.durationInMs !== null && run.durationInMs >= least)
}

const unitMillis: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** Milliseconds of "90s", "1h30m" or "1500"; null for anything else. */
export function durationMillis(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text)
  if (!/^(\d+(?:\.\d+)?(ms|h|m|s))+$/.test(text)) return null
  let total = 0
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    total += Number(count) * (unitMillis[unit] ?? 0)
  }
  return total
}

/** A shorter text would match a good part of all runs. */
const leastIdPrefix = 4

/** Words in a failed run's message, part of the pipeline's name, or the start of a runId. */
function found(run: RunRow, q: string | undefined): boolean {
  const wanted = q?.trim().toLowerCase()
  if (!wanted) return true
  if (wanted.length >= leastIdPrefix && run.runId.toLowerCase().startsWith(wanted)) return true
  if (run.pipelineName.toLowerCase().includes(wanted)) return true
  return same(run.status, 'Failed') && hasWords(run.message ?? '', wanted)
}

/** All words in any order, the last one as the start of a word: "connect canno" finds "Cannot connect". */
function hasWords(text: string, wanted: string): boolean {
  const words = wordsOf(wanted)
  const start = words.pop()
  if (start === undefined) return false
  const present = wordsOf(text)
  return (
    words.every((word) => present.includes(word)) && present.some((word) => word.startsWith(start))
  )
}

/** Words as the server's index has them: in lower case and without accents. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
}
