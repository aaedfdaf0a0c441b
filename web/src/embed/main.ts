import '../app/tokens.css'
import './embed.css'
import { formatAge, formatClock, formatCount } from '../time/format'
import { toMillis } from '../time/instant'
import { localZone } from '../time/zone'
import { el } from './dom'
import { follow, type View } from './follow'
import { type Piece, readPiece } from './params'
import { drawStrip } from './strip'
import { drawTable } from './table'

/** Beyond this a piece says that it is not fresh: three polls of the default interval. */
const staleAfter = 90_000

const place = document.getElementById('piece')
if (!place) throw new Error('the page of an embedded piece lacks its place')
const piece = readPiece(location.pathname, location.search)
if (typeof piece === 'string') place.append(note('This piece cannot be shown', piece))
else start(place, piece)

function start(place: HTMLElement, piece: Piece) {
  if (piece.theme !== 'auto') document.documentElement.dataset.theme = piece.theme
  const zone = piece.utc ? 'UTC' : localZone()
  const base = new URL('../', location.href)
  const body = el('div')
  // A page opened by itself has no portal behind it to shine through.
  if (window.self === window.top) document.documentElement.classList.add('alone')
  place.append(el('h1', piece.title ? {} : { class: 'sr' }, piece.title || nameOf(piece)))
  place.append(body)

  let view: View = { state: 'loading' }
  const draw = () => body.replaceChildren(...content(view))
  const { retry, close } = follow(piece, base, (next) => {
    view = next
    draw()
  })
  // Ages and the durations of running runs go on without news.
  const ticking = setInterval(draw, 5_000)
  addEventListener('pagehide', () => {
    clearInterval(ticking)
    close()
  })

  function content(view: View): Element[] {
    if (view.state === 'loading') return [el('div', { class: 'skeleton', 'aria-busy': 'true' })]
    if (view.state === 'error') return [note('No answer from Andon', view.reason, retry)]
    const now = Date.now()
    const foot = el('p', { class: 'foot' }, count(view), asOf(view, now))
    if (view.rows.length === 0) {
      return view.limit === null
        ? [note('No runs yet', 'Nothing that this piece shows has run.'), foot]
        : [note('No run is known', `${view.limit}, so runs may be missing here.`), foot]
    }
    const drawn = piece.kind === 'strip' ? drawStrip : drawTable
    const limit =
      view.limit === null
        ? []
        : [el('p', { class: 'foot late' }, `${view.limit}: runs may be missing`)]
    return [drawn(view.rows, zone, now), ...limit, foot]
  }

  function count(view: View & { state: 'shown' }): Element {
    return el(
      'span',
      {},
      piece.kind === 'runs' && view.rows.length > 0
        ? `Newest ${formatCount(view.rows.length)}`
        : '',
    )
  }

  function asOf(view: View & { state: 'shown' }, now: number): Element {
    const at = toMillis(view.asOf)
    if (at === null) return el('span', { class: 'late' }, 'As of an unknown time')
    const late = view.lost || now - at > staleAfter
    const words = `as of ${formatClock(at, zone, true)}, ${formatAge(now - at)} ago`
    return el('span', late ? { class: 'late' } : {}, late ? `Not fresh: ${words}` : words)
  }
}

/** What a piece is, for those who hear it. */
function nameOf(piece: Piece): string {
  if (piece.kind === 'runs') return 'Pipeline runs'
  return `Last runs of ${piece.filter.get('pipeline')}`
}

function note(what: string, why: string, retry?: () => void): Element {
  const node = el('div', { class: 'note', role: 'status' }, el('b', {}, what), why)
  if (retry) {
    const button = el('button', { type: 'button' }, 'Try again')
    button.addEventListener('click', retry)
    node.append(el('br'), button)
  }
  return node
}
