import type { RunRow } from '../api/types'
import { isTerminal, statusOf } from '../status/status'
import { useNow } from '../time/clock'
import { formatDuration, unknown } from '../time/format'
import { toMillis } from '../time/instant'
import styles from './run.module.css'

interface DurationProps {
  run: Pick<RunRow, 'status' | 'endUnknown' | 'runStart' | 'durationInMs'> &
    Partial<Pick<RunRow, 'durationComputed'>>
}

/** How long a run took or, ticking, has taken so far. What has no start yet or no duration is unknown, not zero. */
export function Duration({ run }: DurationProps) {
  if (isTerminal(statusOf(run))) {
    return <Fixed millis={run.durationInMs} computed={isComputed(run)} />
  }
  const start = toMillis(run.runStart)
  if (start === null) return <Fixed millis={null} />
  return <Running start={start} />
}

/** How a duration came about that Azure did not send. */
export const computedWords = 'computed from start and end'

/** Whether a run has a duration that Azure did not send. */
export function isComputed(
  run: Partial<Pick<RunRow, 'durationComputed' | 'durationInMs'>>,
): boolean {
  return run.durationComputed === true && run.durationInMs !== null
}

interface FixedProps {
  millis: number | null
  computed?: boolean
}

function Fixed({ millis, computed }: FixedProps) {
  if (millis === null) return <span title="No duration is known">{unknown}</span>
  return (
    <span
      className={styles.duration}
      title={`${millis.toLocaleString()} ms${computed ? `, ${computedWords}` : ''}`}
    >
      {formatDuration(millis)}
    </span>
  )
}

function Running({ start }: { start: number }) {
  const now = useNow()
  return (
    <span className={styles.duration} title="So far">
      {formatDuration(Math.max(0, now - start))}
    </span>
  )
}
