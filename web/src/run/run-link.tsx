import { Link } from '@tanstack/react-router'
import type { RunRow } from '../api/types'
import { RunMark } from '../status/status-mark'
import styles from './run.module.css'

interface RunLinkProps {
  run: Pick<RunRow, 'runId' | 'factory' | 'pipelineName' | 'status' | 'recovery'> & {
    endUnknown?: string | null
    factoryName?: string
  }
  /** Writes the factory's name behind the pipeline's. */
  withFactory?: boolean
  /** The status mark is elsewhere already. */
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
      {!withoutMark && <RunMark run={run} />}
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
