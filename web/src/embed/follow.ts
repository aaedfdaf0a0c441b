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

/** How soon after an answer a changed freshness is worth another read, and how soon a run that has left the list is. */
const freshnessAfter = 20_000
const refillAfter = 10_000

/** Reads the piece's runs, and then follows the live stream: a run that changes is put in place, not asked for. */
export function follow(piece: Piece, base: URL, show: (view: View) => void) {
  let view: View = { state: 'loading' }
  const change = (next: View) => {
    view = next
    show(view)
  }
  const filter = runFilterOf(piece.filter)

  /** The read under way. */
  let reading: AbortController | null = null
  let answeredAt = 0
  /** How soon after the last answer the next read begins. No event reports that the polls of a factory stop. */
  let wait = basisMs
  let due: ReturnType<typeof setTimeout> | undefined
  // What the stream sends while a read is under way: its answer may be older.
  let meanwhile: RunRow[] = []
  // Whether runs match that are not in the list.
  let more = false

  const put = (rows: RunRow[], run: RunRow): RunRow[] => {
    const next = upsert(rows, run, matchesFilter(run, filter, Date.now()), piece.limit)
    if (next.length === piece.limit) more = true
    if (more && next.length < rows.length) readSoon(refillAfter)
    // An empty list would say that no run matches.
    return more && next.length === 0 ? rows : next
  }

  /** Reads now. A read under way is given up, since its answer may be from before the reason for this one. */
  const read = async () => {
    reading?.abort()
    clearTimeout(due)
    const mine = new AbortController()
    reading = mine
    wait = basisMs
    meanwhile = []
    const answer = await readRuns(piece, base, mine.signal)
    if (mine.signal.aborted) return
    reading = null
    answeredAt = Date.now()
    if (answer instanceof ApiError) fail(answer)
    else {
      const { items, asOf, basis, nextCursor } = answer
      more = nextCursor !== null
      const rows = meanwhile.reduce(put, items)
      change({
        ...{ state: 'shown', rows, asOf, lost: null },
        ...{ limit: basis.reason, historyFrom: basis.from },
      })
    }
    readSoon(basisMs)
  }

  const fail = (error: ApiError) => {
    // What was shown stays, marked: it was true then. A refusal is about the piece, and takes it away.
    if (view.state === 'shown' && !isRefusal(error)) return change({ ...view, lost: error.title })
    if (isRefusal(error)) wait = basisMs
    // The same words are not drawn again: their button would lose the focus.
    const isSame = view.state === 'error' && JSON.stringify(view.error) === JSON.stringify(error)
    if (!isSame) change({ state: 'error', error })
  }

  /** Reads once the last answer is this old. While a read is under way its answer comes first. */
  const readSoon = (afterAnswer: number) => {
    wait = Math.min(wait, afterAnswer)
    if (reading) return
    clearTimeout(due)
    due = setTimeout(() => void read(), Math.max(0, answeredAt + wait - Date.now()))
  }

  const connection = new Connection({
    url: new URL('api/v1/events', base).href,
    now: Date.now,
    onGap: () => void read(),
    onState: ({ state }) => {
      const isLost = view.state === 'error' || (view.state === 'shown' && view.lost !== null)
      // What was missed is read before the piece counts as updated again.
      if (state === 'live' && isLost) readSoon(0)
      if (state === 'offline' && view.state === 'shown' && !isLost)
        change({ ...view, lost: 'Live updates are lost' })
    },
    onEvent: ({ type, data }) => {
      if (type === 'reset') return void read()
      if (type === 'resource') return
      if (type === 'freshness') {
        // A poll changes nothing of what is wrong with the piece's address.
        if (view.state === 'error' && isRefusal(view.error)) return
        // The event is about one factory. How fresh all of them are, and what limits them, is the server's to say.
        const { factory } = data as { factory: string }
        if (filter.factory?.includes(factory) ?? true) readSoon(freshnessAfter)
        return
      }
      const run = data as RunRow
      if (reading) meanwhile.push(run)
      if (view.state === 'shown') change({ ...view, rows: put(view.rows, run) })
    },
  })
  void read()
  connection.open()
  return {
    retry: () => void read(),
    close: () => {
      reading?.abort()
      clearTimeout(due)
      connection.close()
    },
  }
}

/** Whether the server answers that the piece itself cannot be had, so that only another piece, or a right, helps. */
function isRefusal({ status }: ApiError): boolean {
  return status >= 400 && status < 500
}

async function readRuns(piece: Piece, base: URL, signal: AbortSignal): Promise<RunPage | ApiError> {
  const address = new URL('api/v1/runs', base)
  for (const [name, value] of piece.filter) address.searchParams.append(name, value)
  address.searchParams.set('limit', String(piece.limit))
  let answer: Response
  try {
    answer = await fetch(address, { headers: { accept: 'application/json' }, signal })
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
