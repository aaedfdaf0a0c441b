import type { RunRow } from '../api/types'

/**
 * Why a run ended as it did: its cause as the server says it, or why there is none. A run that did not fail may have
 * a message all the same. Empty when there is nothing to say.
 */
export function whyOf(run: Pick<RunRow, 'cause' | 'message'>): string {
  if (run.cause) return run.cause.text ?? run.cause.reason ?? ''
  return (run.message ?? '').trim()
}
