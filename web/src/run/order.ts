import type { RunRow } from '../api/types'
import type { RunSort } from '../search/schema'
import { compareInstants } from '../time/instant'

/**
 * Whether a run that has just arrived is listed before a row that is there. It repeats the server's order: unknown
 * durations come last, and equal runs are in order of arrival. Newest first, a run of 10:00 comes before another of 10:00.
 */
export function comesBefore(sort: RunSort | undefined): (run: RunRow, row: RunRow) => boolean {
  const wanted = sort ?? '-runStart'
  const isDescending = wanted.startsWith('-')
  const last = isDescending ? -1 : Number.MAX_VALUE
  const duration = ({ durationInMs: ms }: RunRow) => (ms === null || ms < 0 ? last : ms)
  const compare = wanted.endsWith('durationInMs')
    ? (a: RunRow, b: RunRow) => duration(a) - duration(b)
    : (a: RunRow, b: RunRow) => compareInstants(a.sortTime, b.sortTime)
  return (run, row) => (isDescending ? compare(run, row) >= 0 : compare(run, row) < 0)
}
