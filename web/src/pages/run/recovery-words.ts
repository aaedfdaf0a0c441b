import type { Recovery, RunDetail, RunList } from '../../api/types'
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

/** Of the children that failed, how many have recovered since, and the only one by name. */
export function childrenSince({ items }: RunList) {
  const failed = items.filter(({ recovery }) => recovery !== null)
  const recovered = failed.filter(({ recovery }) => recovery?.state === 'recovered')
  if (recovered.length === 0) return null
  const [only] = recovered
  return {
    failed: failed.length,
    recovered: recovered.length,
    only: failed.length === 1 ? only : null,
  }
}
