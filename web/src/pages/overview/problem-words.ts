import type { Overview, Problem } from '../../api/types'
import { formatCount, formatCounted, formatDuration, formatShare } from '../../time/format'

/** How many pipelines need attention. More may where recoveries are being derived, or not every failure was looked at. */
export interface Attention {
  /** Null when none is known and more may be. */
  pipelines: number | null
  atLeast: boolean
}

export function attentionOf({ pipelines, items, reason }: Overview['problems']): Attention {
  const listed = items.filter(({ kind }) => kind === 'open').length
  return { pipelines: pipelines ?? (listed || null), atLeast: reason !== null }
}

/** Why it is not known whether something is failing: "The recovery of 4 failed runs is being derived."; else null. */
export function unprovenOf(problems: Overview['problems']): string | null {
  return attentionOf(problems).pipelines === null ? problems.reason : null
}

/** That nothing needs attention, in the words that the known failures allow. */
export interface Calm {
  words: string
  /** Nothing limits what is known, and every failed run has recovered. */
  clear: boolean
}

/**
 * A pipeline that failed on the 1st and runs once a month needs no attention on the 15th, yet may be failing: with older
 * or flapping pipelines nothing is said of open failures.
 */
export function calmOf({ basis, problems }: Pick<Overview, 'basis' | 'problems'>): Calm {
  const { older, flapping, notRedone } = problems
  const known = basis.reason === null && problems.reason === null
  const clear = known && older.pipelines === 0 && flapping === 0 && !notRedone
  if (older.pipelines > 0 || flapping > 0) {
    const what = older.pipelines > 0 ? 'nothing new' : 'nothing'
    return { words: `${what} ${known ? 'needs' : 'is known to need'} attention`, clear }
  }
  if (!known) return { words: 'no open failure is known', clear }
  return { words: notRedone ? 'nothing is failing now' : 'no open failures', clear }
}

/**
 * How much of a pipeline fails. With recurring parameters it is counted in series, else in runs: of `pl_load {table}`
 * over 150 tables "4 of 150 values of table", of a pipeline without any "2 runs".
 */
export function extentOf(problem: Problem): string {
  const { series, seriesTotal, recurring, runs } = problem
  const [name] = recurring
  if (name === undefined || seriesTotal < 2) return runsOf(runs)
  const of = `${formatCount(series)} of ${formatCount(seriesTotal)}`
  return recurring.length === 1
    ? `${of} values of ${name}`
    : `${of} combinations of ${listed(recurring)}`
}

/** "table = orders, company = nordhem": which series it is. */
export function seriesName(parameters: Record<string, string>): string {
  const parts = Object.entries(parameters).map(([name, value]) => `${name} = ${value || '""'}`)
  return parts.length > 0 ? parts.join(', ') : 'without recurring parameters'
}

/** "fails 6 %, works again within 9 s, 14 runs not redone": a pipeline that works again by itself each time. */
export function flappingOf({ flapping, notRedone }: Problem): string {
  const parts = []
  if (flapping && flapping.runs > 0)
    parts.push(`fails ${formatShare(flapping.failed / flapping.runs)}`)
  if (flapping) parts.push(`works again within ${formatDuration(flapping.worksAgainMs)}`)
  if (notRedone > 0) parts.push(`${runsOf(notRedone)} not redone`)
  return parts.join(', ')
}

/** The pipelines that failed only through this one: "also failed because of it: pl_nightly, pl_month". */
export function foldedOf({ folded }: Problem): string {
  return folded.length === 0
    ? ''
    : `also failed because of it: ${listed(folded.map(({ pipelineName }) => pipelineName))}`
}

export function runsOf(count: number): string {
  return formatCounted(count, 'run')
}

const most = 3

function listed(names: string[]): string {
  const more = names.length - most
  const shown = names.slice(0, most).join(', ')
  return more > 0 ? `${shown} and ${formatCount(more)} more` : shown
}
