import { useQuery } from '@tanstack/react-query'
import { groupQuery, type RunRef } from '../../api/run'
import type { RunRow } from '../../api/types'
import { Duration } from '../../run/duration'
import { InvokedBy } from '../../run/invoked-by'
import { RunLink } from '../../run/run-link'
import { RunReason } from '../../run/run-reason'
import { Loading } from '../../state/loading'
import { EmptyState, ErrorState } from '../../state/panels'
import text from '../../state/text.module.css'
import { RunMark } from '../../status/status-mark'
import { Time } from '../../time/time'
import styles from './run.module.css'

interface RelatedProps {
  query: ReturnType<typeof groupQuery>
  /** What the runs are: "Run group". */
  label: string
  /** The run whose page this is. */
  current: Pick<RunRow, 'runId'>
  empty: string
}

/** Runs that belong to this one: its group or its children. */
export function Related({ query, label, current, empty }: RelatedProps) {
  const runs = useQuery(query)
  if (!runs.data) {
    if (!runs.error) return <Loading label={`Loading ${label}`} blocks={[32, 32, 32]} />
    return (
      <ErrorState
        title={`${label} could not be read`}
        error={runs.error}
        onRetry={() => void runs.refetch()}
      />
    )
  }
  if (runs.data.items.length === 0) return <EmptyState title={empty} />
  return (
    <ul className={styles.related} aria-label={label}>
      {runs.data.items.map((run) => (
        <li key={run.runId}>
          <span className={styles.relatedName}>
            <RunLink run={run} />
            {run.runId === current.runId && <span className={text.muted}>this run</span>}
            {run.isLatest && runs.data.items.length > 1 && (
              <span className={text.muted}>latest of its group</span>
            )}
          </span>
          <span className={styles.relatedBy}>
            <InvokedBy run={run} />
          </span>
          <span className={styles.relatedTime}>
            <Time instant={run.runStart} />
          </span>
          <span className={styles.relatedTime}>
            <Duration run={run} />
          </span>
          <span className={styles.relatedReason}>
            <RunReason run={run} />
          </span>
        </li>
      ))}
    </ul>
  )
}

/** The run and its reruns in short, beside the facts. */
export function GroupBeside({ run, reference }: { run: RunRow; reference: RunRef }) {
  const { data } = useQuery(groupQuery(reference))
  if (!data) return null
  return (
    <section aria-labelledby="group-beside">
      <h2 id="group-beside">Run group</h2>
      <ul className={styles.beside}>
        {data.items.map((member) => (
          <li key={member.runId}>
            {member.runId === run.runId ? (
              <span className={styles.recovery}>
                <RunMark run={member} />
                This run
              </span>
            ) : (
              <RunLink run={{ ...member, pipelineName: member.runId.slice(0, 8) }} />
            )}
            <Time instant={member.runStart} />
            <Duration run={member} />
          </li>
        ))}
      </ul>
    </section>
  )
}
