import { Link } from '@tanstack/react-router'
import type { RunDetail } from '../../api/types'
import { isTerminal, statusOf, toneOf } from '../../status/status'
import { StatusMark } from '../../status/status-mark'
import { useNow } from '../../time/clock'
import { formatDuration } from '../../time/format'
import { toMillis } from '../../time/instant'
import styles from './run.module.css'

/** "After 7 m 38 s at cp_orders.": how long, and where it broke. */
export function howOf(run: RunDetail, now: number): string {
  const start = toMillis(run.runStart)
  const took =
    run.durationInMs ??
    (start === null || isTerminal(statusOf(run)) ? null : Math.max(0, now - start))
  const after = took === null ? '' : formatDuration(took)
  const activity = run.cause?.activity
  const at = activity ? ` at ${activity}` : ''
  switch (toneOf(statusOf(run))) {
    case 'ok':
      return after ? `In ${after}.` : ''
    case 'run':
      return after ? `For ${after} so far.` : ''
    case 'queue':
      return after ? `Waiting for ${after}.` : ''
    default:
      return after || at ? `${after ? `After ${after}` : 'Stopped'}${at}.` : ''
  }
}

/** What happened, and whether it is still broken. */
export function RunSentence({ run }: { run: RunDetail }) {
  const now = useNow()
  const how = howOf(run, now)
  return (
    <div className={styles.sentence}>
      {run.endUnknown ? <p>{run.endUnknown}</p> : how && <p>{how}</p>}
      {run.open && <p>Still broken: no later run of this pipeline has succeeded.</p>}
      {run.healed && <Healed run={run} healed={run.healed} />}
    </div>
  )
}

function Healed({ run, healed }: { run: RunDetail; healed: NonNullable<RunDetail['healed']> }) {
  const end = toMillis(run.runEnd ?? run.lastUpdated)
  const done = toMillis(healed.runEnd)
  const later = end === null || done === null ? '' : `, done ${formatDuration(done - end)} later`
  return (
    <p className={styles.healed}>
      <StatusMark status="Succeeded" decorative />
      <span>
        Healed by{' '}
        <Link
          className={styles.link}
          to="/runs/$runId"
          params={{ runId: healed.runId }}
          search={(before) => ({ ...before, in: run.factory, tab: undefined, activity: undefined })}
        >
          run {healed.runId.slice(0, 8)}
        </Link>
        {later}.
      </span>
    </p>
  )
}
