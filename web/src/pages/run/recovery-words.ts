import type { Recovery, RunDetail, RunList, RunRow } from '../../api/types'
import { type Outcome, outcomeOf } from '../../status/status'
import { formatCount, formatDuration } from '../../time/format'
import { toMillis } from '../../time/instant'

const rules = new Map([
  ['rerun', 'rerun'],
  ['window', 'same trigger window'],
  ['parameters', 'same parameters'],
  ['parent', 'below its parent’s rerun'],
])

/** Why the other run counts as the same work; a rule that is not known is named as the server names it. */
export function ruleWords(rule: string | null): string {
  return rule === null ? '' : (rules.get(rule) ?? rule)
}

/** ", 5 h 13 m later": from the end of the failed run to the end of the run that recovered it. */
export function laterOf(
  run: Pick<RunDetail, 'runEnd' | 'lastUpdated'>,
  by: Recovery['by'],
): string {
  const end = toMillis(run.runEnd ?? run.lastUpdated)
  const done = toMillis(by?.runEnd)
  return end === null || done === null ? '' : `, ${formatDuration(done - end)} later`
}

const most = 3
const longest = 60

export interface Missing {
  /** "file = camt053/20261028.xml, day = 2026-10-28". */
  shown: string
  /** The same with every parameter whole. */
  whole: string
}

/** What a run that is not redone was to load, by its moving parameters; null where it has none that can be shown. */
export function missingOf(run: Pick<RunDetail, 'parameters' | 'parameterUses'>): Missing | null {
  const values = (run.parameters ?? {}) as Record<string, unknown>
  const moving = run.parameterUses.flatMap(({ name, class: kind }) =>
    kind === 'moving' && values[name] !== undefined ? [{ name, text: textOf(values[name]) }] : [],
  )
  if (moving.length === 0) return null
  const more = moving.length - most
  const shown = moving.slice(0, most).map(({ name, text }) => `${name} = ${cut(text)}`)
  return {
    shown: shown.join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : ''),
    whole: moving.map(({ name, text }) => `${name} = ${text}`).join('\n'),
  }
}

/** A parameter's value as text: a text as it is, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** That nothing is known to have recovered the run, and why less is known of one without a series. */
export function openWords(
  run: Pick<RunDetail, 'series' | 'parameters' | 'recoveryReason'>,
): string {
  if (run.series !== null) return 'Failing: no later run of its series is known to have succeeded.'
  const why =
    run.recoveryReason ??
    (run.parameters === null
      ? 'Its parameters are not known, so they cannot be compared with those of other runs.'
      : 'Which series it belongs to is not known.')
  return `Failing: no later run is known to have recovered it. ${why}`
}

/** What became of the children that failed. */
export interface ChildrenSince {
  failed: number
  recovered: number
  underived: number
  /** The child, where one alone failed. */
  only: RunRow | null
}

/** Null where none of them is known to have recovered. */
export function childrenSince({ items }: RunList): ChildrenSince | null {
  const outcomes = items.map(outcomeOf).filter((outcome) => outcome !== null)
  const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length
  const recovered = count('recovered')
  if (recovered === 0) return null
  const only = outcomes.length === 1 ? items.find((item) => outcomeOf(item) !== null) : null
  return {
    ...{ failed: outcomes.length, recovered, underived: count('underived') },
    only: only ?? null,
  }
}

/** "2 of its 5 failed children have recovered since; the recovery of 1 is being derived", without its full stop. */
export function childrenWords({ failed, recovered, underived, only }: ChildrenSince): string {
  if (only) return `Its child ${only.pipelineName}, which failed, was recovered since`
  const have = recovered === 1 ? 'has' : 'have'
  const since = `${formatCount(recovered)} of its ${formatCount(failed)} failed children ${have} recovered since`
  return underived === 0
    ? since
    : `${since}; the recovery of ${formatCount(underived)} is being derived`
}
