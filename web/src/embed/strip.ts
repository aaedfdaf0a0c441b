import type { RunRow } from '../api/types'
import { isFailure, outcomeOf, statusOf, statusWord, type Tone, toneOf } from '../status/status'
import { formatCount, formatCounted, formatDuration, formatTime } from '../time/format'
import type { Zone } from '../time/zone'
import { el, svg } from './dom'

const height = 40
const bar = 7
const pitch = 10
const tallest = 30
const lowest = 6
const hollow = new Set<Tone>(['notRedone', 'recovered', 'underived', 'run', 'queue'])

/**
 * The strip: one bar a run, the oldest first. Height is duration; a failure has the full height, whatever it took. What
 * has no duration is drawn at its lowest.
 */
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
    : Math.max(lowest, Math.round(((run.durationInMs ?? 0) / longest) * tallest))
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

/**
 * "28 of 30 finished runs succeeded, 1 failed and open, 1 failed and recovered, 1 in progress": each bar in words, for
 * everyone and for screen readers. Reruns are runs like others. A share of no run is not given.
 */
export function sentence(runs: readonly RunRow[]): string {
  const succeeded = runs.filter((run) => toneOf(statusOf(run)) === 'ok').length
  const outcomes = runs.map(outcomeOf)
  const finished = succeeded + outcomes.filter((outcome) => outcome !== null).length
  const parts = [
    finished > 0
      ? `${formatCount(succeeded)} of ${formatCounted(finished, 'finished run')} succeeded`
      : 'None succeeded or failed',
  ]
  for (const [outcome, words] of failures) {
    const count = outcomes.filter((one) => one === outcome).length
    if (count > 0) parts.push(`${formatCount(count)} failed${words}`)
  }
  return [...parts, ...others(runs)].join(', ')
}

const failures = [
  ['open', ' and open'],
  ['notRedone', ' and not redone'],
  ['recovered', ' and recovered'],
  ['underived', ', recovery is being derived'],
] as const

/** "1 in progress", "2 cancelled": runs that neither succeeded nor failed. */
function others(runs: readonly RunRow[]): string[] {
  const counts = new Map<string, number>()
  for (const run of runs) {
    const status = statusOf(run)
    if (toneOf(status) === 'ok' || isFailure(toneOf(status))) continue
    const word = statusWord(status).toLowerCase()
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].map(([word, count]) => `${formatCount(count)} ${word}`)
}
