import type { InfiniteData } from '@tanstack/react-query'
import type { RunPage, RunRow } from '../api/types'
import { comesBefore } from '../run/order'
import type { RunSort } from '../search/schema'
import { runIdentity } from './patch'

/**
 * Puts new runs where they belong in the loaded pages. What would come after the last loaded row stays out while
 * there are more pages: it will come with them. Rows that are there already are left alone.
 */
export function insertRuns<Page extends Pick<RunPage, 'items' | 'nextCursor'>>(
  data: InfiniteData<Page>,
  runs: RunRow[],
  sort: RunSort | undefined,
): InfiniteData<Page> {
  const isBefore = comesBefore(sort)
  const known = new Set(data.pages.flatMap((page) => page.items.map(runIdentity)))
  const pages = data.pages.map((page) => ({ ...page, items: [...page.items] }))
  for (const run of runs) {
    if (known.has(runIdentity(run))) continue
    known.add(runIdentity(run))
    const page = pages.find(({ items }) => {
      const last = items.at(-1)
      return last !== undefined && isBefore(run, last)
    })
    const end = pages.at(-1)
    if (page) {
      const at = page.items.findIndex((row) => isBefore(run, row))
      page.items.splice(at, 0, run)
    } else if (end && !end.nextCursor) end.items.push(run)
  }
  return { ...data, pages }
}
