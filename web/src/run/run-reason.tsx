import type { RunRow } from '../api/types'
import { classes } from '../state/classes'
import styles from './run.module.css'
import { whyOf } from './why'

interface RunReasonProps {
  run: Pick<RunRow, 'cause' | 'message' | 'recovery'>
}

/** Why a run ended as it did, in a sentence; red only while its failure is open. The whole message is on hover. */
export function RunReason({ run }: RunReasonProps) {
  const reason = whyOf(run)
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
