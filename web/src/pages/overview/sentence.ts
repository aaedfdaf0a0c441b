import type { Basis, Overview } from '../../api/types'
import { countsOf, tallyOf, totalOf } from '../../chart/buckets'
import { detailsOf, isLimitedBy, isPartOfFactories, isPast } from '../../factory/basis'
import { capitalized, formatAge, formatCount, formatCounted, formatShare } from '../../time/format'
import { toMillis } from '../../time/instant'
import type { Zone } from '../../time/zone'
import { type Attention, attentionOf, calmOf, unprovenOf } from './problem-words'

/** What the headline is made of. */
export type Known = Pick<Overview, 'basis' | 'problems' | 'counts'>

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
export function answerOf(known: Known, when: string, now: number): Answer {
  const { basis, problems, counts } = known
  const limit = basis.reason === null ? '' : `${basis.reason}: `
  const begin = limit === '' ? capitalized : (words: string) => words
  // Open failures are those of now, whatever the range.
  const isOfRange = ['future', 'beforeHistory', 'gap'].includes(basis.limits[0]?.kind ?? '')
  const there = isPartOfFactories(basis) ? ' there' : isOfRange ? ' now' : ''
  const attention = attentionOf(problems)
  if (attention.pipelines !== null && attention.pipelines > 0) {
    const words = attentionWords(attention, isPast(basis))
    const age = ageOf(problems.oldest, attention, now)
    if (basis.nothingRan) return { limit, bold: nothingRan(when), rest: `, ${words}${age}` }
    return { limit, bold: begin(words), rest: `${there}${age}` }
  }
  const ran = counts !== null && Object.keys(counts).length > 0
  if (basis.covered === 'no' && !ran) return { limit, ...unknown(basis, when) }
  const unproven = unprovenOf(problems)
  if (unproven !== null) {
    const why = partOfSentence(unproven)
    if (basis.nothingRan) return { limit, bold: nothingRan(when), rest: `, ${why}` }
    return { limit, bold: begin(why), rest: '' }
  }
  const rest = quietOf(problems)
  if (basis.reason === null && basis.nothingRan) return { limit, bold: nothingRan(when), rest }
  const calm = calmOf(known)
  if (calm.clear) return { limit, bold: 'All clear', rest }
  const soFar = isLimitedBy(basis, 'filling') && there === '' ? ' so far' : there
  return { limit, bold: begin(calm.words), rest: soFar + rest }
}

function nothingRan(when: string): string {
  return `Nothing ran ${when}`
}

/** " · 12 runs not redone · 1 pipeline fails and works again · older failures in 3 pipelines" */
function quietOf({ notRedone, flapping, older }: Overview['problems']): string {
  const parts = []
  if (notRedone) parts.push(`${runsOf(notRedone)} not redone`)
  if (flapping > 0)
    parts.push(
      formatCounted(flapping, 'pipeline fails and works again', 'pipelines fail and work again'),
    )
  if (older.pipelines > 0)
    parts.push(`older failures in ${formatCounted(older.pipelines, 'pipeline')}`)
  return parts.map((part) => ` · ${part}`).join('')
}

function attentionWords({ pipelines, atLeast }: Attention, past: boolean): string {
  const verb = past ? 'needed' : pipelines === 1 ? 'needs' : 'need'
  return `${atLeast ? 'at least ' : ''}${formatCounted(pipelines, 'pipeline')} ${verb} attention`
}

function ageOf(oldest: string | null, { pipelines, atLeast }: Attention, now: number): string {
  const since = toMillis(oldest)
  if (since === null) return ''
  const age = formatAge(now - since)
  // What is not known yet may have begun before.
  if (atLeast) return `, the oldest for at least ${age}`
  return pipelines === 1 ? `, for ${age}` : `, the oldest for ${age}`
}

/** A sentence of the server's as the end of another: "The recovery of 4 runs is …." → "the recovery of 4 runs is …". */
function partOfSentence(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
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
