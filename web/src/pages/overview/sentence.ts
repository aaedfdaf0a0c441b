import type { Overview } from '../../api/types'
import { countsOf, tallyOf, totalOf } from '../../chart/buckets'
import { formatAge, formatCount, formatShare } from '../../time/format'
import { toMillis } from '../../time/instant'

/** The page's answer: the bold half, and what is added in a quieter voice. */
export interface Answer {
  bold: string
  rest: string
}

/** Whether everything is all right, in one sentence. A board that is not fresh speaks of what was. */
export function answerOf(overview: Overview, fresh: boolean, now: number): Answer {
  const { problems, asOf, coverage } = overview
  if (asOf === null && coverage.runs === 0) {
    return { bold: 'Nothing is known yet', rest: '' }
  }
  const { pipelines: count, oldest, notRedone } = problems
  if (count === null) return { bold: 'Recovery is being derived', rest: '' }
  const since = toMillis(oldest)
  const age = since === null ? '' : `, the oldest for ${formatAge(now - since)}`
  if (count > 0) {
    const pipelines = count === 1 ? '1 pipeline' : `${formatCount(count)} pipelines`
    const verb = fresh ? (count === 1 ? 'needs' : 'need') : 'needed'
    return {
      bold: `${pipelines} ${verb} attention`,
      rest: count === 1 ? age.replace('the oldest ', '') : age,
    }
  }
  return {
    bold: fresh ? 'Nothing is failing now' : 'Nothing was failing',
    rest: notRedone ? ` · ${runsOf(notRedone)} not redone` : '',
  }
}

/** The figures behind the answer. `when` is the range in words: "in the last 24 h". */
export function figuresOf(overview: Overview, when: string, lengthWords: string): string {
  const tally = tallyOf({ counts: overview.counts })
  const total = totalOf(tally)
  if (total === 0) return `No runs ${when}.`
  const parts = countsOf(tally, Object.keys(overview.counts)).map(({ tone, count, word }) => {
    if (tone !== 'bad') return `${formatCount(count)} ${word}`
    return `${formatCount(count)} failed${recoveryAside(overview.recovery)}`
  })
  return `${runsOf(total)} ${when}: ${parts.join(', ')}. ${successOf(overview, lengthWords)}`.trim()
}

/** " (2 not redone, 4 recovered)": what became of the failed runs besides those that are open. */
function recoveryAside({ notRedone, recovered }: Overview['recovery']): string {
  const parts = []
  if (notRedone) parts.push(`${formatCount(notRedone)} not redone`)
  if (recovered) parts.push(`${formatCount(recovered)} recovered`)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function successOf({ successRate, previous }: Overview, lengthWords: string): string {
  if (successRate.value === null) return ''
  const good = `${formatShare(successRate.value)} good`
  const before = previous.successRate.value
  return before === null ? `${good}.` : `${good}, ${lengthWords} ${formatShare(before)}.`
}

function runsOf(count: number): string {
  return count === 1 ? '1 run' : `${formatCount(count)} runs`
}

/** A range's button text as part of a sentence: "Last 24 h" → "in the last 24 h". */
export function whenOf(range: string): string {
  if (/^Last /.test(range)) return `in the last ${range.slice(5)}`
  if (/^(Since|Until) /.test(range)) return range.charAt(0).toLowerCase() + range.slice(1)
  return range === 'All history' ? 'in all history' : `in ${range}`
}

/** What a share is compared with: "the 24 h before", or "the time before" for bounds. */
export function beforeOf(range: string): string {
  return /^Last /.test(range) ? `the ${range.slice(5)} before` : 'the same time before'
}
