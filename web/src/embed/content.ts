import type { ApiError } from '../api/error'
import { formatAge, formatCount, formatDate, formatTime } from '../time/format'
import { toMillis } from '../time/instant'
import type { Zone } from '../time/zone'
import { el } from './dom'
import type { View } from './follow'
import type { Piece } from './params'
import { drawStrip } from './strip'
import { drawTable } from './table'

/** Beyond this a piece says that it is not fresh: three polls of the default interval. */
const staleAfter = 90_000

/** The heading over what is wrong with a piece's address. */
export const refused = 'This piece cannot be shown'

type Shown = View & { state: 'shown' }

/** Draws what a piece knows: its runs, what limits them, and as of when they are. */
export function drawPiece(
  view: View,
  piece: Piece,
  zone: Zone,
  now: number,
  retry: () => void,
): Element[] {
  if (view.state === 'loading') return [el('div', { class: 'skeleton', 'aria-busy': 'true' })]
  if (view.state === 'error') return [note(...errorWords(view.error), retry)]
  const foot = el('p', { class: 'foot' }, count(view, piece), asOf(view, zone, now))
  if (view.rows.length === 0) return [note(...emptyWords(view, piece, zone, now)), foot]
  const drawn = piece.kind === 'strip' ? drawStrip : drawTable
  const limit =
    view.limit === null
      ? []
      : [el('p', { class: 'foot late' }, `${view.limit}: runs may be missing`)]
  return [drawn(view.rows, zone, now), ...limit, foot]
}

/** What went wrong, and why: for a refused value, what is allowed. */
function errorWords({ status, title, detail, errors }: ApiError): [string, string] {
  if (status === 0) return [title, 'It may be restarting. The piece asks again each minute.']
  const fields = errors
    .filter(({ message }) => !detail.includes(message))
    .map(({ location, message }) => `${location.replace(/^query\./, '')} ${message}.`)
  const why = [detail || `${title}.`, ...fields].join(' ')
  return [status >= 400 && status < 500 ? refused : 'The runs could not be read', why]
}

/** An empty piece claims no more than that no run that is here matches. */
function emptyWords(view: Shown, piece: Piece, zone: Zone, now: number): [string, string] {
  if (view.limit !== null) return ['No run is known', `${view.limit}, so runs may be missing here.`]
  if (piece.filter.has('from')) return ['No runs', 'No run of this time range matches.']
  const begin = toMillis(view.historyFrom)
  const history = begin === null ? '' : ` History begins on ${formatDate(begin, zone, now)}.`
  return ['No runs', `No run that is here matches.${history}`]
}

function count(view: Shown, piece: Piece): Element {
  const shown = piece.kind === 'runs' && view.rows.length > 0
  return el('span', {}, shown ? `Newest ${formatCount(view.rows.length)}` : '')
}

function asOf(view: Shown, zone: Zone, now: number): Element {
  const at = toMillis(view.asOf)
  const age = at === null ? null : now - at
  const words =
    age === null
      ? 'as of an unknown time'
      : `as of ${formatTime(view.asOf, zone, now)}, ${formatAge(age)} ago`
  if (view.lost !== null) return late(`Not fresh: ${words}. ${view.lost}.`)
  if (age === null) return late('As of an unknown time')
  return age > staleAfter ? late(`Not fresh: ${words}`) : el('span', {}, words)
}

function late(words: string): Element {
  return el('span', { class: 'late' }, words)
}

export function note(what: string, why: string, retry?: () => void): Element {
  const node = el('div', { class: 'note', role: 'status' }, el('b', {}, what), why)
  if (retry) {
    const button = el('button', { type: 'button' }, 'Try again')
    button.addEventListener('click', retry)
    node.append(el('br'), button)
  }
  return node
}
