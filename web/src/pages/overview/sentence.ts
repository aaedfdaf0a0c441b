import type { Basis, Overview } from '../../api/types'
import { countsOf, tallyOf, totalOf } from '../../chart/buckets'
import { detailsOf, isLimitedBy, isPartOfFactories, isPast } from '../../factory/basis'
import { formatAge, formatCount, formatCounted, formatShare } from '../../time/format'
import { toMillis } from '../../time/instant'
import type { Zone } from '../../time/zone'

/** What the headline is made of. */
export interface Counts {
  /** Pipelines with open failures; null when none is known and more may be, or while recoveries are being derived. */
  openPipelines: number | null
  /** Failed runs that no later run did again; absent where the two are not distinguished. */
  notRedone?: number | null
  /** When the oldest open failure began. */
  oldest: string | null
  /** Whether runs of the range are known. */
  ran: boolean
}

/** The page's answer: what limits it, the bold half, and what is added in a quieter voice. */
export interface Answer {
  limit: string
  bold: string
  rest: string
}

/**
 * Whether everything is all right, in one sentence. It begins with what limits it, and says "All clear" only when all
 * that was asked for is covered and up to date: "1 of 5 factories can be read: 1 pipeline needs attention there".
 * `when` is the range in words: "in the last 24 h".
 */
export function answerOf(basis: Basis, counts: Counts, when: string, now: number): Answer {
  const limit = basis.reason === null ? '' : `${basis.reason}: `
  // Open failures are those of now, whatever the range.
  const isOfRange = ['future', 'beforeHistory', 'gap'].includes(basis.limits[0]?.kind ?? '')
  const there = isPartOfFactories(basis) ? ' there' : isOfRange ? ' now' : ''
  const open = counts.openPipelines ?? 0
  const notRedone = counts.notRedone ?? 0
  if (open > 0) {
    const age = ageOf(counts, open, now)
    const attention = attentionOf(open, isPast(basis))
    if (basis.nothingRan) return { limit, bold: nothingRan(when), rest: `, ${attention}${age}` }
    return { limit, bold: attention, rest: `${there}${age}` }
  }
  if (basis.covered === 'no' && !counts.ran) return { limit, ...unknown(basis, when) }
  if (basis.reason !== null) {
    const soFar = isLimitedBy(basis, 'filling') && there === '' ? ' so far' : there
    return { limit, bold: 'no open failure is known', rest: soFar + redoneOf(notRedone) }
  }
  if (basis.nothingRan) return { limit, bold: nothingRan(when), rest: redoneOf(notRedone) }
  if (counts.openPipelines === null) return { limit, bold: 'Recovery is being derived', rest: '' }
  if (notRedone > 0) return { limit, bold: 'Nothing is failing now', rest: redoneOf(notRedone) }
  return { limit, bold: 'All clear', rest: '' }
}

function nothingRan(when: string): string {
  return `Nothing ran ${when}`
}

function redoneOf(count: number): string {
  return count > 0 ? ` · ${runsOf(count)} not redone` : ''
}

function attentionOf(pipelines: number, past: boolean): string {
  const verb = past ? 'needed' : pipelines === 1 ? 'needs' : 'need'
  return `${formatCounted(pipelines, 'pipeline')} ${verb} attention`
}

function ageOf({ oldest }: Counts, open: number, now: number): string {
  const since = toMillis(oldest)
  if (since === null) return ''
  return open === 1
    ? `, for ${formatAge(now - since)}`
    : `, the oldest for ${formatAge(now - since)}`
}

/** The answer where nothing of the range is known. */
function unknown(basis: Basis, when: string): Pick<Answer, 'bold' | 'rest'> {
  if (isLimitedBy(basis, 'future')) return { bold: 'nothing can have run', rest: '' }
  if (isLimitedBy(basis, 'noFactory', 'neverRead', 'filling'))
    return { bold: 'nothing is known yet', rest: '' }
  return { bold: 'no run is known', rest: ` ${when}` }
}

/** What the figures are made of: what the overview says, and the newest start of a run that is known. */
export interface Figures {
  overview: Overview
  /** "in the last 24 h". */
  when: string
  /** What a share is compared with: "the 24 h before". */
  before: string
  /** When the newest known run started, in words; '' when none is known. */
  lastRun: string
  zone: Zone
  now: number
}

/** The figures behind the answer, after what is not known. A share comes with what it is a share of. */
export function figuresOf({ overview, when, before, lastRun, zone, now }: Figures): string {
  const { basis } = overview
  const details = detailsOf(basis, zone, now)
  return [details, runsWords(overview, when), successOf(overview, before), quiet(basis, lastRun)]
    .filter(Boolean)
    .join(' ')
}

function runsWords({ basis, counts, recovery }: Overview, when: string): string {
  if (counts === null) return ''
  const tally = tallyOf({ counts })
  const total = totalOf(tally)
  if (total === 0) {
    if (basis.covered === 'no' || basis.nothingRan) return ''
    return `No run is known ${when}.`
  }
  const parts = countsOf(tally, Object.keys(counts)).flatMap(({ tone, count, word }) => {
    if (tone === 'ok') return [] // it comes with what it is a share of
    if (tone !== 'bad') return [`${formatCount(count)} ${word}`]
    return [`${formatCount(count)} failed${recoveryAside(recovery)}`]
  })
  const known = basis.covered === 'yes' ? '' : ' known'
  return `${runsOf(total, known)} ${when}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`
}

/** " (2 not redone, 4 recovered)": what became of the failed runs besides those that are open. */
function recoveryAside({ notRedone, recovered }: Overview['recovery']): string {
  const parts = []
  if (notRedone) parts.push(`${formatCount(notRedone)} not redone`)
  if (recovered) parts.push(`${formatCount(recovered)} recovered`)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function successOf({ basis, successRate, previous }: Overview, lengthWords: string): string {
  const { value, succeeded, finished } = successRate
  if (!finished || succeeded === null) return ''
  const of = `${formatCount(succeeded)} of ${formatCounted(finished, 'finished run')} succeeded`
  // Beside what is not known a share looks like that of all.
  if (value === null || basis.reason !== null) return `${of}.`
  const before = previous.successRate.value
  const compared = before === null ? '' : `, ${lengthWords} ${formatShare(before)}`
  return `${of} (${formatShare(value)})${compared}.`
}

/** Why nothing ran is not known yet; that nothing is missing here is. */
function quiet(basis: Basis, lastRun: string): string {
  if (!basis.nothingRan || basis.reason !== null) return ''
  const { asked } = basis.factories
  const who = asked === 1 ? 'The factory is' : `All ${formatCount(asked)} factories are`
  const last = lastRun === '' ? '' : ` The last run started ${lastRun}.`
  return `${who} read and up to date, so no runs are missing here: Azure has none.${last}`
}

function runsOf(count: number, known = ''): string {
  return `${formatCount(count)}${known} ${count === 1 ? 'run' : 'runs'}`
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
