import type { InfiniteData, QueryClient, QueryFilters } from '@tanstack/react-query'
import { factoriesKey } from '../api/factories'
import { overviewKey } from '../api/overview'
import { runKey } from '../api/run'
import { runsKey } from '../api/runs'
import type {
  ActivityList,
  Factory,
  FactoryList,
  Overview,
  RunDetail,
  RunList,
  RunPage,
  RunRow,
} from '../api/types'
import { compareInstants } from '../time/instant'

/** The identity of a run: a runId can stand in two factories. */
export function runIdentity(run: Pick<RunRow, 'factory' | 'runId'>): string {
  return `${run.factory}/${run.runId}`
}

/** The row, renewed when the event is about it and not older. The same object when nothing changes. */
export function renewed<Row extends RunRow>(row: Row, event: RunRow): Row {
  if (row.runId !== event.runId || row.factory !== event.factory) return row
  return compareInstants(event.lastUpdated, row.lastUpdated) < 0 ? row : { ...row, ...event }
}

/** Writes a run that came by the live stream into every cached answer that holds it. */
export function patchRun(client: QueryClient, event: RunRow): void {
  patch<InfiniteData<RunPage>>(client, { queryKey: runsKey }, (data) => {
    const pages = same(data.pages, (page) => ofItems(page, event))
    return pages === data.pages ? data : { ...data, pages }
  })
  patch<RunDetail | RunList | ActivityList>(client, { queryKey: runKey }, (data) =>
    ofRunPage(data, event),
  )
  patch<Overview>(client, { queryKey: overviewKey }, (data) => ofOverview(data, event))
  // New runs are put into the list on screen alone. The others are read again when they are shown.
  void client.invalidateQueries({ queryKey: runsKey, type: 'inactive', refetchType: 'none' })
}

/**
 * Changes cached answers. Nothing was read, so an answer stays as old, as failed and as much to be read again as it was.
 */
export function patch<Data>(
  client: QueryClient,
  which: QueryFilters,
  change: (data: Data) => Data,
): void {
  for (const query of client.getQueryCache().findAll(which)) {
    const { data, dataUpdatedAt, error, status, isInvalidated } = query.state
    if (data === undefined) continue
    const next = change(data as Data)
    if (next === data) continue
    // Not setState alone: a read that is given up goes back to what was last set.
    query.setData(next, { updatedAt: dataUpdatedAt, manual: true })
    query.setState({ error, status, isInvalidated })
  }
}

/** What the page of a run holds: the run, lists of runs, and activities, which are none. */
function ofRunPage(data: RunDetail | RunList | ActivityList, event: RunRow) {
  if ('state' in data) return data
  return 'items' in data ? ofItems(data, event) : ofDetail(data, event)
}

/**
 * The run of a page, renewed. Its cause stays while run and message are the same: an event's has no code and no child
 * run, which only the run itself is given with.
 */
function ofDetail(run: RunDetail, event: RunRow): RunDetail {
  const next = renewed(run, event)
  const isSame = next.status === run.status && next.message === run.message
  return next === run || !isSame ? next : { ...next, cause: run.cause }
}

function ofItems<List extends { items: RunRow[] }>(list: List, event: RunRow): List {
  const items = same(list.items, (row) => renewed(row, event))
  return items === list.items ? list : { ...list, items }
}

function ofOverview(data: Overview, event: RunRow): Overview {
  const lastOf = <Row extends { last: RunRow }>(row: Row): Row => {
    const last = renewed(row.last, event)
    return last === row.last ? row : { ...row, last }
  }
  const running = ofItems(data.running, event)
  const newestFailures = same(data.newestFailures, (row) => renewed(row, event))
  const items = same(data.problems.items, lastOf)
  const worstPipelines = same(data.worstPipelines, lastOf)
  const unchanged =
    running === data.running &&
    newestFailures === data.newestFailures &&
    items === data.problems.items &&
    worstPipelines === data.worstPipelines
  if (unchanged) return data
  return {
    ...data,
    running,
    newestFailures,
    problems: { ...data.problems, items },
    worstPipelines,
  }
}

/** Maps a list, and gives the list itself back when no item changed, so that nothing is drawn again. */
function same<Item>(list: Item[], change: (item: Item) => Item): Item[] {
  let changed = false
  const mapped = list.map((item) => {
    const next = change(item)
    if (next !== item) changed = true
    return next
  })
  return changed ? mapped : list
}

/**
 * Writes a factory's freshness into the cached list; one that is new is added. True when its state is another now than
 * the list said.
 */
export function patchFactory(client: QueryClient, event: Factory): boolean {
  const data = client.getQueryData<FactoryList>(factoriesKey)
  if (!data) return false
  const known = data.items.find((item) => item.factory === event.factory)
  const items = known
    ? same(data.items, (item) => (item.factory === event.factory ? event : item))
    : [...data.items, event]
  patch<FactoryList>(client, { queryKey: factoriesKey }, (list) => ({ ...list, items }))
  return known?.state !== event.state || known?.neverRead !== event.neverRead
}
