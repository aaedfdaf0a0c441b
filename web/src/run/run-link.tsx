import { Link } from '@tanstack/react-router'
import type { RunRow } from '../api/types'
import { statusOf } from '../status/status'
import { StatusMark } from '../status/status-mark'
import styles from './run.module.css'

interface RunLinkProps {
  run: Pick<RunRow, 'runId' | 'factory' | 'pipelineName' | 'status' | 'healedBy'> & {
    endUnknown?: string | null
    factoryName?: string
  }
  /** Writes the factory's name behind the pipeline's. */
  withFactory?: boolean
  /** The status mark stands elsewhere already. */
  withoutMark?: boolean
}

/** A run: its mark and its pipeline's name, leading to its page. */
export function RunLink({ run, withFactory, withoutMark }: RunLinkProps) {
  return (
    <Link
      className={styles.link}
      to="/runs/$runId"
      params={{ runId: run.runId }}
      search={(before) => ({ ...before, in: run.factory })}
    >
      {!withoutMark && <StatusMark status={statusOf(run)} healed={run.healedBy !== null} />}
      <span className={styles.name}>
        {run.pipelineName}
        {withFactory && run.factoryName && (
          <>
            {' '}
            <span className={styles.aside}>{run.factoryName}</span>
          </>
        )}
      </span>
    </Link>
  )
}
