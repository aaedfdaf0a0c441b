import { basisMs } from '../api/basis'
import { ApiError, problemOf } from '../api/error'
import type { RunPage, RunRow } from '../api/types'
import { Connection } from '../live/connection'
import { matchesFilter } from '../search/matches'
import type { RunFilter } from '../search/schema'
import { allHistory } from '../time/range'
import type { Piece } from './params'
import { upsert } from './rows'

/** What a piece knows. */
export type View =
  | { state: 'loading' }
  | { state: 'error'; error: ApiError }
  | {
      state: 'shown'
      rows: RunRow[]
      asOf: string | null
      /** Why runs may be missing. */
      limit: string | null
      /** Since when history is here. */
      historyFrom: string | null
      /** Why the piece is not being updated. */
      lost: string | null
    }

/** How soon after a read a changed freshness is worth another one, and how soon a run that has left the list is. */
const freshnessAfter = 20_000
const refillAfter = 2_000

/** Reads the piece's runs, and then follows the live stream: a run that changes is put in place, not asked for. */
export function follow(piece: Piece, base: URL, show: (view: View) => void) {
  let view: View = { state: 'loading' }
  const change = (next: View) => {
    view = next
    show(view)
  }
  const filter = runFilterOf(piece.filter)
  const withRun = (rows: readonly RunRow[], run: RunRow) =>
    upsert(rows, run, matchesFilter(run, filter, Date.now()), piece.limit)

  // An earlier read that answers after a later one is dropped.
  let latestRead = 0
  let readAt = 0
  // What the stream sends while a read is under way: its answer may be older. Null without one.
  let meanwhile: RunRow[] | null = null
  // Whether runs match that are not in the list, so that an empty list would say too much.
  let more = false
  let due: { at: number; timer: ReturnType<typeof setTimeout> } | null = null

  const read = async () => {
    const mine = ++latestRead
    readAt = Date.now()
    meanwhile = []
    if (due) clearTimeout(due.timer)
    due = null
    const answer = await readRuns(piece, base)
    if (mine !== latestRead) return
    const newer = meanwhile ?? []
    meanwhile = null
    if (answer instanceof ApiError) {
      // What was shown stays, marked: it was true then. A refusal is about the piece, and takes it away.
      const isRefused = answer.status >= 400 && answer.status < 500
      if (view.state === 'shown' && !isRefused) change({ ...view, lost: answer.title })
      else change({ state: 'error', error: answer })
      return
    }
    const { items, asOf, basis, nextCursor } = answer
    more = nextCursor !== null
    const rows = newer.reduce(withRun, items)
    change({
      ...{ state: 'shown', rows, asOf, lost: null },
      ...{ limit: basis.reason, historyFrom: basis.from },
    })
  }

  const readSoon = (afterRead: number) => {
    const at = readAt + afterRead
    if (due && due.at <= at) return
    if (due) clearTimeout(due.timer)
    due = { at, timer: setTimeout(() => void read(), Math.max(0, at - Date.now())) }
  }

  const connection = new Connection({
    url: new URL('api/v1/events', base).href,
    now: Date.now,
    onGap: () => void read(),
    onState: ({ state }) => {
      const isLost = view.state === 'error' || (view.state === 'shown' && view.lost !== null)
      // What was missed is read before the piece counts as updated again.
      if (state === 'live' && isLost) void read()
      if (state === 'offline' && view.state === 'shown' && !isLost)
        change({ ...view, lost: 'Live updates are lost' })
    },
    onEvent: ({ type, data }) => {
      if (type === 'reset') return void read()
      if (type === 'resource') return
      if (type === 'freshness') {
        // The event is about one factory. How fresh all of them are, and what limits them, is the server's to say.
        const { factory } = data as { factory: string }
        if (filter.factory?.includes(factory) ?? true) readSoon(freshnessAfter)
        return
      }
      const run = data as RunRow
      meanwhile?.push(run)
      if (view.state !== 'shown') return
      const rows = withRun(view.rows, run)
      if (rows.length === piece.limit) more = true
      if (more && rows.length < view.rows.length) readSoon(refillAfter)
      if (!more || rows.length > 0) change({ ...view, rows })
    },
  })
  void read()
  connection.open()
  // No event reports that the polls of a factory stop.
  const again = setInterval(() => void read(), basisMs)
  return {
    retry: () => void read(),
    close: () => {
      latestRead++
      if (due) clearTimeout(due.timer)
      clearInterval(again)
      connection.close()
    },
  }
}

async function readRuns(piece: Piece, base: URL): Promise<RunPage | ApiError> {
  const address = new URL('api/v1/runs', base)
  for (const [name, value] of piece.filter) address.searchParams.append(name, value)
  address.searchParams.set('limit', String(piece.limit))
  let answer: Response
  try {
    answer = await fetch(address, { headers: { accept: 'application/json' } })
  } catch {
    return new ApiError(0, 'The server cannot be reached')
  }
  try {
    const body: unknown = await answer.json()
    return answer.ok ? (body as RunPage) : problemOf(answer.status, body)
  } catch {
    return answer.ok
      ? new ApiError(502, 'The answer was cut short or is not JSON', 'A proxy may have changed it.')
      : problemOf(answer.status, null)
  }
}

/** The address's filters as the predicate for live rows wants them. */
function runFilterOf(given: URLSearchParams): RunFilter {
  const filter: Record<string, unknown> = {}
  for (const name of [
    'status',
    'factory',
    'pipeline',
    'trigger',
    'invokedBy',
    'annotation',
    'recovery',
  ]) {
    if (given.has(name)) filter[name] = given.getAll(name)
  }
  for (const name of ['group', 'minDuration', 'q', 'from', 'to']) {
    if (given.has(name)) filter[name] = given.get(name)
  }
  if (given.has('open')) filter.open = given.get('open') === 'true'
  // Without bounds the API lists all history, where the board's pages would show the last day.
  if (!given.has('from') && !given.has('to')) filter.range = allHistory
  return filter as RunFilter
}
