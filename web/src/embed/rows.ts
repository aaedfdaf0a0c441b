import type { RunRow } from '../api/types'
import { comesBefore } from '../run/order'

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
  const isBefore = comesBefore(undefined)
  const at = others.findIndex((row) => isBefore(run, row))
  const full = at === -1 ? [...others, run] : [...others.slice(0, at), run, ...others.slice(at)]
  return full.slice(0, limit)
}
