import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Overview, RunRow } from '../../api/types'
import { Duration } from '../../run/duration'
import { RunLink } from '../../run/run-link'
import text from '../../state/text.module.css'
import { statusWord, toneOf } from '../../status/status'
import { formatCount } from '../../time/format'
import styles from './overview.module.css'

const most = 8

interface RunningNowProps {
  running: Overview['running']
  /** Nothing is up to date: it ran when that was last known. */
  past: boolean
}

/** What runs or waits now, the longest first, whatever the range. */
export const RunningNow = memo(function RunningNow({ running, past }: RunningNowProps) {
  const shown = running.items.slice(0, most)
  const hidden = (running.count ?? 0) - shown.length
  return (
    <section className={styles.section} aria-labelledby="running-now">
      <div className={styles.sectionHead}>
        <h2 id="running-now">{past ? 'Was running' : 'Running now'}</h2>
        <span className={text.muted}>{formatCount(running.count)}</span>
      </div>
      {shown.length === 0 && (
        <p className={text.muted}>
          {running.count === null ? 'No running run is known.' : 'Nothing is running.'}
        </p>
      )}
      <ul>
        {shown.map((run) => (
          <li className={styles.line} key={`${run.factory}/${run.runId}`}>
            <span className={styles.lineMain}>
              <RunLink run={run} withFactory />
            </span>
            <span className={styles.lineEnd}>
              <Waiting run={run} />
              <Duration run={run} />
            </span>
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <p className={styles.more}>
          <Link
            to="/runs"
            search={(before) => ({
              ...before,
              status: ['InProgress', 'Queued', 'Canceling'],
              range: 'all',
              from: undefined,
              to: undefined,
            })}
          >
            {formatCount(hidden)} more
          </Link>
        </p>
      )}
    </section>
  )
})

/** A run that does not run yet, or is being stopped, says so beside its time. */
function Waiting({ run }: { run: RunRow }) {
  const tone = toneOf(run.status)
  if (tone === 'run') return null
  return (
    <span className={tone === 'queue' ? styles.queued : text.muted}>
      {statusWord(run.status).toLowerCase()}
    </span>
  )
}
