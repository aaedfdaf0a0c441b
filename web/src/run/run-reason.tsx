import type { RunRow } from '../api/types'
import { classes } from '../state/classes'
import { reasonOf } from './reason'
import styles from './run.module.css'

interface RunReasonProps {
  run: Pick<RunRow, 'message' | 'recovery'>
}

/** Why a run ended as it did, in a sentence; red only while it is open. The whole message is on hover. */
export function RunReason({ run }: RunReasonProps) {
  const reason = reasonOf(run.message)
  if (!reason) return null
  return (
    <span
      className={classes(
        styles.reason,
        run.recovery?.state === 'open' ? styles.open : styles.quiet,
      )}
      title={run.message ?? undefined}
    >
      {reason}
    </span>
  )
}
