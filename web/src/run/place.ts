import type { RunRow } from '../api/types'

/**
 * The instant that a run sorts by, as the server has it: its start, or its last update where the start is absent or
 * can't be. Null when neither is to be relied on; only the server knows when it was told of such a run.
 */
export function placeOf(run: Pick<RunRow, 'runStart' | 'lastUpdated' | 'odd'>): string | null {
  const isOdd = (name: string) => run.odd.some(({ field }) => field === name)
  if (run.runStart !== null && !isOdd('runStart')) return run.runStart
  return isOdd('lastUpdated') ? null : run.lastUpdated
}
