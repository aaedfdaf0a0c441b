import { Link } from '@tanstack/react-router'
import type { ActivityRun } from '../../api/types'
import { JsonView } from '../../json/json-view'
import { LongText } from '../../run/long-text'
import { CopyButton } from '../../state/copy'
import text from '../../state/text.module.css'
import { statusWord } from '../../status/status'
import { formatDuration } from '../../time/format'
import { Time } from '../../time/time'
import {
  type ActivityError,
  errorOf,
  failureTypeWords,
  queueMillis,
  runtimeOf,
  startedRunOf,
} from './activity'
import { effectiveRuntimeOf, movedRowsOf, movedRowsWords } from './output'
import styles from './run.module.css'

interface ActivityDetailProps {
  /** The tries of one activity, in order. */
  activities: ActivityRun[]
  factory: string
}

/** All that Azure says of an activity, each try by itself. */
export function ActivityDetail({ activities, factory }: ActivityDetailProps) {
  return (
    <div className={styles.activity}>
      {activities.map((activity, index) => (
        <section key={activity.activityRunId ?? index} aria-label={`Attempt ${index + 1}`}>
          {activities.length > 1 && <h3>Attempt {index + 1}</h3>}
          <OneTry activity={activity} factory={factory} />
        </section>
      ))}
    </div>
  )
}

function OneTry({ activity, factory }: { activity: ActivityRun; factory: string }) {
  const error = errorOf(activity)
  const child = startedRunOf(activity)
  const queue = queueMillis(activity)
  const rows = movedRowsOf(activity)
  const runtime = effectiveRuntimeOf(runtimeOf(activity))
  return (
    <>
      <dl className={styles.facts}>
        <dt>Status</dt>
        <dd>{statusWord(activity.status ?? '')}</dd>
        <dt>Started</dt>
        <dd>
          <Time instant={activity.activityRunStart} />
        </dd>
        <dt>Ended</dt>
        <dd>
          <Time instant={activity.activityRunEnd} />
        </dd>
        <dt>Duration</dt>
        <dd>
          {formatDuration(activity.durationInMs)}
          {queue > 0 && (
            <span className={text.muted}> {formatDuration(queue)} of it in the queue</span>
          )}
        </dd>
        {rows && (
          <>
            <dt>Rows</dt>
            <dd>{movedRowsWords(rows)}</dd>
          </>
        )}
        {runtime.name && (
          <>
            <dt>Runtime</dt>
            <dd>
              {runtime.name}
              {runtime.node && <span className={text.muted}> on node {runtime.node}</span>}
              {runtime.region && <span className={text.muted}> in {runtime.region}</span>}
            </dd>
          </>
        )}
        {child && (
          <>
            <dt>Started run</dt>
            <dd>
              <Link
                className={styles.link}
                to="/runs/$runId"
                params={{ runId: child }}
                search={(before) => ({
                  ...before,
                  in: factory,
                  tab: undefined,
                  activity: undefined,
                })}
              >
                {child}
              </Link>
            </dd>
          </>
        )}
        <dt>Activity run</dt>
        <dd className={text.mono}>
          {activity.activityRunId ?? '–'}
          {activity.activityRunId && (
            <CopyButton text={activity.activityRunId} what="activity run id" />
          )}
        </dd>
        {activity.odd.length > 0 && (
          <>
            <dt>Not readable</dt>
            <dd className={text.stale}>
              {activity.odd.map((o) => `${o.field} ${o.problem}`).join('; ')}
            </dd>
          </>
        )}
      </dl>
      {(activity.cause || error) && (
        <div className={styles.activityError}>
          {activity.cause && <p>{activity.cause.text ?? activity.cause.reason}</p>}
          {error && <ErrorWords error={error} />}
        </div>
      )}
      <Part name="Input" value={activity.input} />
      <Part name="Output" value={activity.output} />
      <Part name="User properties" value={activity.userProperties} />
    </>
  )
}

/** Code, kind of failure and the whole message, as Azure sent them. */
function ErrorWords({ error }: { error: ActivityError }) {
  const words = [error.code && `Error ${error.code}`, error.type && failureTypeWords(error.type)]
  return (
    <>
      <p className={text.muted}>{words.filter(Boolean).join(', ')}</p>
      {error.message && <LongText what="message">{error.message}</LongText>}
    </>
  )
}

function Part({ name, value }: { name: string; value: unknown }) {
  if (value === null || value === undefined) return null
  if (typeof value === 'object' && Object.keys(value).length === 0) return null
  return (
    <div>
      <h4>{name}</h4>
      <JsonView value={value} name={name.toLowerCase()} open={1} />
    </div>
  )
}
