import type { ActivityRun } from '../../api/types'
import { capitalized } from '../../time/format'

/** What an activity's error says; null when it is the empty object that stands on success. */
export interface ActivityError {
  message: string
  code: string
  type: string
}

export function errorOf(activity: Pick<ActivityRun, 'error' | 'status'>): ActivityError | null {
  const error = asObject(activity.error)
  if (!error) return null
  const message = textOf(error.message)
  const code = textOf(error.errorCode) || textOf(error.code)
  if (!message && !code) return null
  return { message, code, type: textOf(error.failureType) }
}

/** "UserError" as Studio prints it: "User error". */
export function failureTypeWords(type: string): string {
  return capitalized(spaced(type).toLowerCase())
}

/** "ExecutePipeline" → "Execute pipeline"; what is no camel case stays as Azure spells it. */
export function activityTypeWords(type: string | null): string {
  if (!type) return ''
  const known: Record<string, string> = {
    ForEach: 'ForEach',
    WebActivity: 'Web',
    IfCondition: 'If',
  }
  return known[type] ?? failureTypeWords(type)
}

function spaced(text: string): string {
  return text.replace(/([a-z0-9])([A-Z])/g, '$1 $2')
}

/** Seconds an activity waited for its integration runtime, in milliseconds; 0 when Azure says nothing of it. */
export function queueMillis(activity: Pick<ActivityRun, 'output'>): number {
  const queue = asObject(asObject(activity.output)?.durationInQueue)?.integrationRuntimeQueue
  return typeof queue === 'number' && queue > 0 ? queue * 1000 : 0
}

/** The run that an ExecutePipeline activity started, when its output says so. */
export function startedRunOf(activity: Pick<ActivityRun, 'output'>): string | null {
  return textOf(asObject(activity.output)?.pipelineRunId) || null
}

/** The integration runtime, with its region as Azure writes it. */
export function runtimeOf(
  activity: Pick<ActivityRun, 'output' | 'integrationRuntimeNames'>,
): string {
  const effective = textOf(asObject(activity.output)?.effectiveIntegrationRuntime)
  return effective || (activity.integrationRuntimeNames ?? []).join(', ')
}

function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
