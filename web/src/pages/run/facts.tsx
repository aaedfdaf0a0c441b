import type { RunDetail } from '../../api/types'
import { computedWords, Duration, isComputed } from '../../run/duration'
import { InvokedBy, invokedByWord } from '../../run/invoked-by'
import { CopyButton } from '../../state/copy'
import text from '../../state/text.module.css'
import { useNow } from '../../time/clock'
import { formatClock, formatDay, formatWhole, isSameDay } from '../../time/format'
import { toMillis } from '../../time/instant'
import { Time } from '../../time/time'
import { offsetName, useZone } from '../../time/zone'
import { importedFrom } from './origin'
import styles from './run.module.css'

/** A moment to the second: with its day and zone, or beside one of the same day without. */
function Moment({ instant, after = null }: { instant: string | null; after?: string | null }) {
  const zone = useZone()
  const now = useNow(60_000)
  const at = toMillis(instant)
  const before = toMillis(after)
  if (at === null || !instant) return <Time instant={instant} />
  const day = `${formatDay(at, zone, now)}, ${offsetName(zone, at)}`
  return (
    <time dateTime={instant} title={formatWhole(instant, zone)}>
      {formatClock(at, zone, true)}{' '}
      {(before === null || !isSameDay(at, before, zone)) && (
        <span className={text.muted}>{day}</span>
      )}
    </time>
  )
}

/** Everything short that is known of a run. */
export function Facts({ run }: { run: RunDetail }) {
  const from = importedFrom(run)
  return (
    <section aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl className={styles.facts}>
        <dt>Started</dt>
        <dd>
          <Moment instant={run.runStart} />
        </dd>
        <dt>Ended</dt>
        <dd>
          <Moment instant={run.runEnd} after={run.runStart} />
        </dd>
        <dt>Duration</dt>
        <dd className={styles.withAside}>
          <Duration run={run} />
          {isComputed(run) && <span className={text.muted}>{computedWords}</span>}
        </dd>
        <dt>Invoked by</dt>
        <dd className={styles.withAside}>
          <InvokedBy run={run} />
          {run.invokedBy && (
            <span className={text.muted}>
              {invokedByWord(run.invokedBy.invokedByType ?? run.startedBy).toLowerCase()}
            </span>
          )}
        </dd>
        <dt>Annotations</dt>
        <dd>
          {run.annotations.length > 0 ? run.annotations.map(annotationText).join(', ') : 'none'}
        </dd>
        {run.debugRunId && <Id name="Debug run" value={run.debugRunId} />}
        <Id name="Run" value={run.runId} />
        <dt>Last updated</dt>
        <dd>
          <Moment instant={run.lastUpdated} after={run.runStart} />
        </dd>
        {from && (
          <>
            <dt>Known from</dt>
            <dd>{from}</dd>
          </>
        )}
        {run.odd.length > 0 && (
          <>
            <dt>Not readable</dt>
            <dd className={text.stale}>
              {run.odd.map((odd) => `${odd.field} ${odd.problem}`).join('; ')}
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}

function Id({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={styles.withAside}>
        <span className={text.mono}>{value}</span>
        <CopyButton text={value} what={`${name.toLowerCase()} id`} />
      </dd>
    </>
  )
}

function annotationText(annotation: unknown): string {
  return typeof annotation === 'string' ? annotation : JSON.stringify(annotation)
}
