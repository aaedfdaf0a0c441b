import { basisMs } from '../api/basis'
import type { Factory, RunPage, RunRow } from '../api/types'
import { Connection } from '../live/connection'
import { matchesFilter } from '../search/matches'
import type { RunFilter } from '../search/schema'
import { compareInstants } from '../time/instant'
import { allHistory } from '../time/range'
import type { Piece } from './params'
import { upsert } from './rows'

/** What a piece knows. `limit` is why runs may be missing; `lost` says that the live stream is broken for a while. */
export type View =
  | { state: 'loading' }
  | { state: 'error'; reason: string }
  | { state: 'shown'; rows: RunRow[]; asOf: string | null; limit: string | null; lost: boolean }

/** Reads the piece's runs once, and then follows the live stream: a run that changes is put in place, not asked for. */
export function follow(piece: Piece, base: URL, show: (view: View) => void) {
  let view: View = { state: 'loading' }
  const change = (next: View) => {
    view = next
    show(view)
  }
  const filter = runFilterOf(piece.filter)

  const read = async () => {
    const address = new URL('api/v1/runs', base)
    for (const [name, value] of piece.filter) address.searchParams.append(name, value)
    address.searchParams.set('limit', String(piece.limit))
    try {
      const answer = await fetch(address, { headers: { accept: 'application/json' } })
      if (!answer.ok) return change({ state: 'error', reason: await reasonOf(answer) })
      const { items, asOf, basis } = (await answer.json()) as RunPage
      change({ state: 'shown', rows: items, asOf, limit: basis.reason, lost: false })
    } catch {
      // What was shown stays, marked: it was true then.
      if (view.state === 'shown') change({ ...view, lost: true })
      else change({ state: 'error', reason: 'The server cannot be reached from here.' })
    }
  }

  const connection = new Connection({
    url: new URL('api/v1/events', base).href,
    now: Date.now,
    onGap: () => void read(),
    onState: ({ state }) => {
      if (view.state === 'shown' && view.lost !== (state === 'offline')) {
        change({ ...view, lost: state === 'offline' })
      }
    },
    onEvent: ({ type, data }) => {
      if (type === 'reset') return void read()
      if (type === 'resource' || view.state !== 'shown') return
      if (type === 'freshness') {
        const { factory, asOf } = data as Factory
        const concerned = filter.factory === undefined || filter.factory.includes(factory)
        if (concerned && compareInstants(asOf, view.asOf) > 0) change({ ...view, asOf })
        return
      }
      const run = data as RunRow
      const matches = matchesFilter(run, filter, Date.now())
      change({ ...view, rows: upsert(view.rows, run, matches, piece.limit) })
    },
  })
  void read()
  connection.open()
  // No event reports that the polls of a factory stop.
  const again = setInterval(() => void read(), basisMs)
  return {
    retry: () => void read(),
    close: () => {
      clearInterval(again)
      connection.close()
    },
  }
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const problem = (await answer.json()) as { detail?: string; title?: string }
    return problem.detail ?? problem.title ?? `It answered ${answer.status}.`
  } catch {
    return `It answered ${answer.status}, and not with JSON: something between may have changed it.`
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
