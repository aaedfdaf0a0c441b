import type { TimelineBucket } from '../api/types'
import { statusWord, type Tone, toneOf } from '../status/status'
import { formatCount } from '../time/format'

/** How many runs of a bucket have each tone. Failed ones that are open are `bad`. */
export type Tally = Record<Tone, number>

const none: Readonly<Tally> = {
  ok: 0,
  bad: 0,
  notRedone: 0,
  recovered: 0,
  underived: 0,
  run: 0,
  queue: 0,
  off: 0,
  unknown: 0,
}

type Failures = Pick<TimelineBucket, 'notRedone' | 'recovered' | 'underived'>

/**
 * The runs of a bucket by tone. Failed ones that are in no other state are open: of 5 failed, 2 not redone and
 * 1 recovered, 2 are open. Counts that do not add up never make more failures than there are.
 */
export function tallyOf(bucket: Pick<TimelineBucket, 'counts'> & Partial<Failures>): Tally {
  const tally = { ...none }
  for (const [status, count] of Object.entries(bucket.counts ?? {})) tally[toneOf(status)] += count
  for (const state of ['notRedone', 'recovered', 'underived'] as const) {
    tally[state] = Math.min(bucket[state] ?? 0, tally.bad)
    tally.bad -= tally[state]
  }
  return tally
}

export function totalOf(tally: Tally): number {
  return Object.values(tally).reduce((sum, count) => sum + count, 0)
}

export function sumTallies(tallies: Tally[]): Tally {
  const sum = { ...none }
  for (const tally of tallies) for (const tone of tones) sum[tone] += tally[tone]
  return sum
}

const tones: Tone[] = [
  'ok',
  'run',
  'queue',
  'bad',
  'notRedone',
  'recovered',
  'underived',
  'off',
  'unknown',
]

const words: Record<Exclude<Tone, 'unknown'>, string> = {
  ok: 'succeeded',
  run: 'in progress',
  queue: 'queued',
  bad: 'failed, open',
  notRedone: 'failed, not redone',
  recovered: 'failed, recovered',
  underived: 'failed, recovery being derived',
  off: 'cancelled',
}

export interface Count {
  tone: Tone
  count: number
  word: string
}

/**
 * What there is of each tone, without the ones there are none of, in the order of the bars. Of `statuses` the unknown
 * ones are called as they were sent.
 */
export function countsOf(tally: Tally, statuses: string[]): Count[] {
  return tones
    .filter((tone) => tally[tone] > 0)
    .map((tone) => ({
      tone,
      count: tally[tone],
      word: tone === 'unknown' ? otherWords(statuses) : words[tone],
    }))
}

/** A bucket in words, statuses as they were sent: "23 succeeded, 1 failed". */
export function describeBucket(bucket: TimelineBucket): string {
  if (bucket.covered === 'no') return 'not known'
  const parts = countsOf(tallyOf(bucket), Object.keys(bucket.counts ?? {})).map(
    ({ count, word }) => `${formatCount(count)} ${word}`,
  )
  const text = parts.length === 0 ? 'no runs' : parts.join(', ')
  return bucket.covered === 'partly' ? `${text}, only partly known` : text
}

function otherWords(statuses: string[]): string {
  const others = new Set(statuses.filter((status) => toneOf(status) === 'unknown'))
  return [...others].map((status) => statusWord(status)).join(' or ')
}

/** The greatest of 1, 2 or 5 times a power of ten that is not above `max`: where the guide line stands. */
export function guideOf(max: number): number {
  if (max < 1) return 0
  const power = 10 ** Math.floor(Math.log10(max))
  return (max / power >= 5 ? 5 : max / power >= 2 ? 2 : 1) * power
}
