import type { CheckReport, CheckStep } from '../../api/types'
import { formatCount } from '../../time/format'

/** A line of what a check found: one step, or several that belong together. */
export interface CheckLine {
  label: string
  status: CheckStep['status']
  /** What is said beside the label: a figure, a code, or a word. */
  short: string
  steps: { label: string; step: CheckStep }[]
}

const stepLabels = new Map([
  ['settings', 'Settings'],
  ['routeToEntra', 'Way to Entra ID'],
  ['routeToResourceManager', 'Way to Azure Resource Manager'],
  ['token', 'Token'],
  ['subscriptions', 'Subscriptions'],
  ['factories', 'Factories'],
  ['clock', 'Clock'],
  ['getFactory', 'the factory'],
  ['queryPipelineRuns', 'pipeline runs'],
  ['queryActivityRuns', 'activity runs'],
  ['queryTriggerRuns', 'trigger runs'],
  ['queryTriggers', 'triggers'],
  ['listTriggers', 'list of triggers'],
  ['listPipelines', 'pipelines'],
  ['listIntegrationRuntimes', 'integration runtimes'],
  ['integrationRuntimeStatus', 'state of a runtime'],
])

/** The lines in the order of the chain: settings, the way, who, where, what, and the clock beside it. */
export function linesOf(report: CheckReport): CheckLine[] {
  const line = (label: string, ...names: string[]) => {
    const steps = report.steps
      .filter((step) => names.includes(step.step))
      .map((step) => ({ label: labelOf(step.step), step }))
    return steps.length === 0 ? [] : [lineOf(label, steps)]
  }
  const named = new Set(stepLabels.keys())
  return [
    ...line('Settings', 'settings'),
    ...line('Way to Azure', 'routeToEntra', 'routeToResourceManager'),
    ...line('Token', 'token'),
    ...line('Subscriptions', 'subscriptions'),
    ...line('Factories', 'factories'),
    ...report.steps.filter(({ step }) => !named.has(step)).flatMap(({ step }) => line(step, step)),
    answersLine(report),
    ...line('Clock', 'clock'),
  ]
}

function labelOf(step: string): string {
  return stepLabels.get(step) ?? step
}

/** What the factories answer when each kind of question is put to them. */
function answersLine(report: CheckReport): CheckLine {
  const label = 'Runs, activities, triggers'
  const steps = report.factories.flatMap((factory) =>
    factory.steps.map((step) => ({ label: `${factory.name}, ${labelOf(step.step)}`, step })),
  )
  if (steps.length === 0) return { label, status: 'notReached', short: 'not reached', steps }
  const line = lineOf(label, steps)
  if (line.status !== 'ok') return line
  const more = report.notLookedAt.length
  const good = report.factories.length
  const short =
    more === 0
      ? `${formatCount(good)} answer`
      : `${formatCount(good)} of ${formatCount(good + more)} tried, all answer`
  return { ...line, short: good === 1 && more === 0 ? 'answers' : short }
}

function lineOf(label: string, steps: CheckLine['steps']): CheckLine {
  const status = worstOf(steps.map(({ step }) => step.status))
  const [worst] = steps.filter(({ step }) => step.status === status)
  const worstFirst = [...steps].sort(
    (a, b) => rank.indexOf(b.step.status) - rank.indexOf(a.step.status),
  )
  return {
    label,
    status,
    short: worst ? shortOf(worst.step, steps.length) : '',
    steps: worstFirst,
  }
}

/** The longest finding that stands beside its label; what is longer stands in the details. */
const longest = 30

function shortOf({ status, what, evidence }: CheckStep, ofSteps: number): string {
  switch (status) {
    case 'failed':
      return evidence?.code || (evidence?.httpStatus ? `HTTP ${evidence.httpStatus}` : 'failed')
    case 'notReached':
      return 'not reached'
    case 'warning':
      return what.length <= longest ? what : 'needs a look'
    case 'ok':
      return ofSteps === 1 && what.length <= longest ? what : 'good'
  }
}

const rank: CheckStep['status'][] = ['notReached', 'ok', 'warning', 'failed']

/** The worst that was found; steps that were not reached say nothing where others were. */
function worstOf(statuses: CheckStep['status'][]): CheckStep['status'] {
  return statuses.reduce((a, b) => (rank.indexOf(b) > rank.indexOf(a) ? b : a), 'notReached')
}

/** A report in half a sentence: "everything answers", "Token fails". */
export function verdictOf(report: CheckReport): string {
  const lines = linesOf(report)
  const broken = lines.filter((line) => line.status === 'failed').map((line) => line.label)
  if (broken.length > 0) return `${broken.join(' and ')} ${broken.length === 1 ? 'fails' : 'fail'}`
  const doubtful = lines.filter((line) => line.status === 'warning').map((line) => line.label)
  if (doubtful.length > 0) return `everything answers; look at ${doubtful.join(' and ')}`
  return 'everything answers'
}
