import '../app/tokens.css'
import './embed.css'
import { localZone } from '../time/zone'
import { drawPiece, note, refused } from './content'
import { el } from './dom'
import { follow, type View } from './follow'
import { type Piece, readPiece } from './params'

const place = document.getElementById('piece')
if (!place) throw new Error('the page of an embedded piece lacks its place')
const piece = readPiece(location.pathname, location.search)
if (typeof piece === 'string') place.append(note(refused, piece))
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
  const draw = () =>
    body.replaceChildren(...drawPiece(view, piece, zone, Date.now(), () => retry()))
  const { retry, close } = follow(piece, base, (next) => {
    view = next
    draw()
  })
  // Ages and the durations of running runs go on without news.
  const ticking = setInterval(() => {
    // A message has no ages; drawn again, its button would lose the focus.
    if (view.state === 'shown') draw()
  }, 5_000)
  addEventListener('pagehide', () => {
    clearInterval(ticking)
    close()
  })
}

/** What a piece is, for those who hear it. */
function nameOf(piece: Piece): string {
  if (piece.kind === 'runs') return 'Pipeline runs'
  return `Last runs of ${piece.filter.get('pipeline')}`
}
