import type { RunRow } from '../api/types'
import { statusOf, statusWord, toneOf } from '../status/status'
import { formatDuration, formatTime } from '../time/format'
import type { Zone } from '../time/zone'
import { el, svg } from './dom'

const height = 40
const bar = 7
const pitch = 10

/** The strip: one bar a run, the oldest first. Height is duration; a failure stands full, whatever it took. */
export function drawStrip(rows: readonly RunRow[], zone: Zone, now: number): Element {
  const runs = [...rows].reverse()
  const longest = Math.max(1, ...runs.map((run) => run.durationInMs ?? 0))
  const bars = runs.map((run, i) => drawBar(run, i, longest, zone, now))
  const picture = svg(
    'svg',
    {
      class: 'strip',
      viewBox: `0 0 ${Math.max(1, runs.length) * pitch} ${height}`,
      preserveAspectRatio: 'xMinYMax meet',
      role: 'img',
      'aria-label': sentence(runs),
    },
    ...bars,
  )
  const first = runs[0]
  const last = runs.at(-1)
  return el(
    'div',
    { class: 'strip-piece' },
    picture,
    el(
      'p',
      { class: 'ends' },
      el('span', {}, formatTime(first?.runStart, zone, now)),
      el('span', {}, sentence(runs)),
      el('span', {}, formatTime(last?.runStart, zone, now)),
    ),
  )
}

function drawBar(run: RunRow, i: number, longest: number, zone: Zone, now: number): Element {
  const healed = run.healedBy !== null
  const tone = toneOf(statusOf(run), healed)
  const full = tone === 'bad' || tone === 'healed'
  const tall = full
    ? height
    : Math.max(6, Math.round(((run.durationInMs ?? longest) / longest) * 30))
  // A stroke lies half outside its shape, so that hollow bars are drawn smaller to stay in line.
  const inset = tone === 'healed' || tone === 'run' || tone === 'queue' ? 0.75 : 0
  const rect = svg('rect', {
    class: `bar ${tone}`,
    x: String(i * pitch + inset),
    y: String(height - tall + inset),
    width: String(bar - 2 * inset),
    height: String(tall - 2 * inset),
    rx: '1.5',
  })
  const words = [
    statusWord(statusOf(run), healed),
    formatTime(run.runStart, zone, now),
    formatDuration(run.durationInMs),
  ]
  rect.append(svg('title', {}, document.createTextNode(words.join(' · '))))
  return rect
}

/** "29 of 30 good at first try": the strip in words, for everyone and for screen readers. */
export function sentence(runs: readonly RunRow[]): string {
  const ended = runs.filter((run) => toneOf(run.status) === 'ok' || toneOf(run.status) === 'bad')
  const good = ended.filter((run) => toneOf(run.status) === 'ok').length
  const open = ended.filter((run) => run.open).length
  const words = `${good} of ${ended.length} good at first try`
  return open > 0 ? `${words}, ${open} failed and not made good` : words
}
