import type { RunRef } from '../../api/run'
import type { RunDetail } from '../../api/types'
import { isTerminal, statusOf, toneOf } from '../../status/status'
import { useNow } from '../../time/clock'
import { formatDuration } from '../../time/format'
import { toMillis } from '../../time/instant'
import { ChildrenSince, RecoverySentence } from './recovery'
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

/** What happened, and what became of it. */
export function RunSentence({ run, reference }: { run: RunDetail; reference: RunRef }) {
  const now = useNow()
  const how = howOf(run, now)
  return (
    <div className={styles.sentence}>
      {run.endUnknown ? <p>{run.endUnknown}</p> : how && <p>{how}</p>}
      <RecoverySentence run={run} />
      <ChildrenSince run={run} reference={reference} />
    </div>
  )
}
