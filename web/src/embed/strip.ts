import type { RunRow } from '../api/types'
import { isFailure, outcomeOf, statusOf, statusWord, type Tone, toneOf } from '../status/status'
import { formatDuration, formatTime } from '../time/format'
import type { Zone } from '../time/zone'
import { el, svg } from './dom'

const height = 40
const bar = 7
const pitch = 10
const hollow = new Set<Tone>(['notRedone', 'recovered', 'underived', 'run', 'queue'])

/** The strip: one bar a run, the oldest first. Height is duration; a failure has the full height, whatever it took. */
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
  const outcome = outcomeOf(run)
  const tone = toneOf(statusOf(run), outcome)
  const tall = isFailure(tone)
    ? height
    : Math.max(6, Math.round(((run.durationInMs ?? longest) / longest) * 30))
  // A stroke lies half outside its shape, so that hollow bars are drawn smaller to stay in line.
  const inset = hollow.has(tone) ? 0.75 : 0
  const rect = svg('rect', {
    class: `bar ${tone}`,
    x: String(i * pitch + inset),
    y: String(height - tall + inset),
    width: String(bar - 2 * inset),
    height: String(tall - 2 * inset),
    rx: '1.5',
  })
  const words = [
    statusWord(statusOf(run), outcome),
    formatTime(run.runStart, zone, now),
    formatDuration(run.durationInMs),
  ]
  rect.append(svg('title', {}, document.createTextNode(words.join(' · '))))
  return rect
}

/** "28 of 30 succeeded at first try, 1 failed and open": the strip in words, for everyone and for screen readers. */
export function sentence(runs: readonly RunRow[]): string {
  const outcomes = runs.map(outcomeOf).filter((outcome) => outcome !== null)
  const succeeded = runs.filter((run) => toneOf(run.status) === 'ok').length
  const parts = [`${succeeded} of ${succeeded + outcomes.length} succeeded at first try`]
  for (const [outcome, words] of worthSaying) {
    const count = outcomes.filter((one) => one === outcome).length
    if (count > 0) parts.push(`${count} ${words}`)
  }
  return parts.join(', ')
}

const worthSaying = [
  ['open', 'failed and open'],
  ['notRedone', 'not redone'],
  ['underived', 'failed, its recovery is being derived'],
] as const
