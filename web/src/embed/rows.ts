import type { RunRow } from '../api/types'
import { compareInstants } from '../time/instant'

/** Where a run stands in time; a run whose start ADF did not say stands by its last update. */
function place(run: RunRow): string | null {
  return run.runStart ?? run.lastUpdated
}

/**
 * Puts a run that has just changed into the newest `limit` rows, newest first. A run that no longer matches leaves.
 * The rows given are not changed.
 */
export function upsert(
  rows: readonly RunRow[],
  run: RunRow,
  matches: boolean,
  limit: number,
): RunRow[] {
  const others = rows.filter((row) => row.runId !== run.runId || row.factory !== run.factory)
  if (!matches) return others
  const at = others.findIndex((row) => compareInstants(place(row), place(run)) < 0)
  const full = at === -1 ? [...others, run] : [...others.slice(0, at), run, ...others.slice(at)]
  return full.slice(0, limit)
}
