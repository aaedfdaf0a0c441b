import type { InfiniteData } from '@tanstack/react-query'
import type { RunPage, RunRow } from '../api/types'
import { placeOf } from '../run/place'
import type { RunSort } from '../search/schema'
import { compareInstants } from '../time/instant'
import { runIdentity } from './patch'

/** Orders rows as the server does for a sort; ties by runId, so that the order is one. */
export function compareRuns(sort: RunSort | undefined): (a: RunRow, b: RunRow) => number {
  const wanted = sort ?? '-runStart'
  const sign = wanted.startsWith('-') ? -1 : 1
  const byKey = wanted.endsWith('durationInMs')
    ? (a: RunRow, b: RunRow) => (a.durationInMs ?? -1) - (b.durationInMs ?? -1)
    : (a: RunRow, b: RunRow) => compareInstants(placeOf(a), placeOf(b))
  return (a, b) => sign * (byKey(a, b) || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0))
}

/**
 * Puts new runs where they belong in the loaded pages. What would come after the last loaded row stays out while
 * there are more pages: it will come with them. Rows that are there already are left alone.
 */
export function insertRuns<Page extends Pick<RunPage, 'items' | 'nextCursor'>>(
  data: InfiniteData<Page>,
  runs: RunRow[],
  sort: RunSort | undefined,
): InfiniteData<Page> {
  const compare = compareRuns(sort)
  const known = new Set(data.pages.flatMap((page) => page.items.map(runIdentity)))
  const pages = data.pages.map((page) => ({ ...page, items: [...page.items] }))
  for (const run of runs) {
    if (known.has(runIdentity(run))) continue
    known.add(runIdentity(run))
    const page = pages.find(({ items }) => {
      const last = items.at(-1)
      return last !== undefined && compare(run, last) < 0
    })
    const end = pages.at(-1)
    if (page) {
      const at = page.items.findIndex((row) => compare(run, row) < 0)
      page.items.splice(at, 0, run)
    } else if (end && !end.nextCursor) end.items.push(run)
  }
  return { ...data, pages }
}
