import type { RunRef } from '../../api/run'
import type { RunDetail } from '../../api/types'
import { isTerminal, statusOf } from '../../status/status'
import { formatDuration } from '../../time/format'
import { toMillis } from '../../time/instant'
import { useActivities } from './activities'
import { chartOf } from './gantt'
import styles from './run.module.css'
import { spentOf } from './spent'

const words = {
  work: 'Work',
  queue: 'Queue',
  retry: 'Waiting to retry',
  between: 'Between activities',
} as const

/** Where the time of a finished run went; nothing while that is not known whole. */
export function TimeSpent({ run, reference }: { run: RunDetail; reference: RunRef }) {
  const activities = useActivities(reference)
  const start = toMillis(run.runStart)
  const end = toMillis(run.runEnd)
  if (!isTerminal(statusOf(run)) || start === null || end === null) return null
  if (activities.data?.state !== 'complete' || activities.data.items.length === 0) return null
  const chart = chartOf(activities.data.items, start, end, end)
  const whole = chart.end - chart.start
  const parts = Object.entries(spentOf(chart)).filter(([, millis]) => millis > 0)
  return (
    <section aria-labelledby="spent">
      <h2 id="spent">Where the {formatDuration(whole)} went</h2>
      <div className={styles.spentBar} aria-hidden="true">
        {parts.map(([kind, millis]) => (
          <i key={kind} data-kind={kind} style={{ flexGrow: millis }} />
        ))}
      </div>
      <dl className={styles.spent}>
        {parts.map(([kind, millis]) => (
          <div key={kind}>
            <dt>
              <i data-kind={kind} aria-hidden="true" />
              {words[kind as keyof typeof words]}
            </dt>
            <dd>{formatDuration(millis)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
