import { useState } from 'react'
import type { ActivityRun } from '../../api/types'
import { Legend } from '../../chart/legend'
import { Icon } from '../../icons/icon'
import { classes } from '../../state/classes'
import text from '../../state/text.module.css'
import { StatusMark } from '../../status/status-mark'
import { formatClock, formatCount, formatDuration } from '../../time/format'
import { useZone } from '../../time/zone'
import { activityTypeWords } from './activity'
import { ActivityDetail } from './activity-detail'
import { type Attempt, type Chart, type Line, lineMillis, tickLabel, ticksOf } from './gantt'
import styles from './gantt.module.css'

interface GanttProps {
  chart: Chart
  factory: string
  /** The activity run whose details stand open. */
  open: string | undefined
  onOpen: (activityRunId: string | undefined) => void
}

/** A run's activities over its time. A line's button opens what Azure says of it. */
export function Gantt({ chart, factory, open, onOpen }: GanttProps) {
  const zone = useZone()
  const length = chart.end - chart.start
  return (
    <div className={styles.chart}>
      <div className={styles.head} aria-hidden="true">
        <span>Activity</span>
        <span className={styles.axis}>
          <span>{formatClock(chart.start, zone, true)}</span>
          {ticksOf(length).map((at) => (
            <span key={at} className={styles.tick} style={{ left: `${(at / length) * 100}%` }}>
              {tickLabel(at, length)}
            </span>
          ))}
        </span>
        <span className={styles.end}>Duration</span>
      </div>
      <ul className={styles.lines} aria-label="Activities, in order of start">
        {chart.lines.map((line) => (
          <GanttLine key={line.id} line={line} {...{ chart, factory, open, onOpen }} />
        ))}
      </ul>
    </div>
  )
}

function GanttLine({ line, ...rest }: GanttProps & { line: Line }) {
  const [unfolded, setUnfolded] = useState(false)
  if (line.folded.length === 0) return <Item line={line} {...rest} />
  return (
    <>
      <Item line={line} unfolded={unfolded} onUnfold={() => setUnfolded(!unfolded)} {...rest} />
      {unfolded && line.folded.map((item) => <Item key={item.id} line={item} {...rest} />)}
    </>
  )
}

interface ItemProps extends GanttProps {
  line: Line
  unfolded?: boolean
  onUnfold?: () => void
}

function Item({ line, chart, factory, open, onOpen, unfolded, onUnfold }: ItemProps) {
  const activity = line.attempts.at(-1)?.activity
  const isOpen = !onUnfold && line.attempts.some((a) => a.activity.activityRunId === open)
  const failed = /^failed$/i.test(line.status)
  const press =
    onUnfold ?? (() => onOpen(isOpen ? undefined : (activity?.activityRunId ?? undefined)))
  return (
    <li className={classes(failed && styles.failed)}>
      <button
        type="button"
        className={styles.line}
        aria-expanded={unfolded ?? isOpen}
        onClick={press}
        disabled={!onUnfold && !activity?.activityRunId}
      >
        <span className={classes(styles.name, line.depth === 1 && styles.inside)}>
          <span className={classes(styles.caret, (unfolded ?? isOpen) && styles.turned)}>
            <Icon name="right" size={12} />
          </span>
          <StatusMark status={line.status} />
          <span className={classes(styles.cut, isSkipped(line) && text.muted)}>
            {line.name || 'without a name'}
          </span>
          <span className={styles.type}>{describe(line)}</span>
        </span>
        <span className={styles.plot} aria-hidden="true">
          {ticksOf(chart.end - chart.start).map((at) => (
            <i
              key={at}
              className={styles.gridLine}
              style={{ left: `${(at / (chart.end - chart.start)) * 100}%` }}
            />
          ))}
          <Bars line={line} chart={chart} />
        </span>
        <span className={styles.end}>{formatDuration(lineMillis(line))}</span>
      </button>
      {isOpen && activity && <ActivityDetail activities={tries(line)} factory={factory} />}
    </li>
  )
}

function tries(line: Line): ActivityRun[] {
  return line.attempts.map((attempt) => attempt.activity)
}

/** "Copy, 3 attempts", "48 more items Copy". */
function describe(line: Line): string {
  const type = activityTypeWords(line.type)
  if (line.folded.length > 0) return `${formatCount(line.folded.length)} good items, ${type}`
  return line.attempts.length > 1 ? `${type}, ${line.attempts.length} attempts` : type
}

function isSkipped(line: Line): boolean {
  return /^skipped$/i.test(line.status)
}

const mostThin = 40

function Bars({ line, chart }: { line: Line; chart: Chart }) {
  const at = (millis: number) => `${((millis - chart.start) / (chart.end - chart.start)) * 100}%`
  const wide = (millis: number) => `${(millis / (chart.end - chart.start)) * 100}%`
  if (line.folded.length > 0) {
    return line.attempts.slice(0, mostThin).map((attempt, index) => (
      <i
        key={attempt.activity.activityRunId ?? index}
        className={styles.thin}
        style={{
          left: at(attempt.start),
          width: wide(attempt.end - attempt.start),
          top: 5 + (index % 5) * 4,
        }}
      />
    ))
  }
  if (isSkipped(line)) return <span className={styles.skipped}>Skipped</span>
  if (line.attempts.length === 0) return null
  if (/^(foreach|until|ifcondition|switch|executepipeline)$/i.test(line.type ?? '')) {
    return <Bracket line={line} left={at} width={wide} />
  }
  return line.attempts.map((attempt, index) => {
    const before = line.attempts[index - 1]
    return (
      <span key={attempt.activity.activityRunId ?? index}>
        {before && attempt.start > before.end && (
          <i
            className={styles.wait}
            style={{ left: at(before.end), width: wide(attempt.start - before.end) }}
          />
        )}
        {attempt.queue > 0 && (
          <i
            className={styles.queue}
            style={{ left: at(attempt.start), width: wide(attempt.queue) }}
          />
        )}
        <i
          className={styles.work}
          data-tone={attempt.tone}
          style={{ left: at(attempt.start + attempt.queue), width: wide(worked(attempt)) }}
        />
        {attempt.tone === 'bad' && (
          <i className={styles.cap} style={{ left: at(attempt.end) }}>
            <StatusMark status="Failed" size={14} decorative />
          </i>
        )}
      </span>
    )
  })
}

function worked(attempt: Attempt): number {
  return attempt.end - attempt.start - attempt.queue
}

interface BracketProps {
  line: Line
  left: (millis: number) => string
  width: (millis: number) => string
}

/** What contains other work is a bracket over its time, not work of its own. */
function Bracket({ line, left, width }: BracketProps) {
  const first = line.attempts[0]
  if (!first) return null
  return (
    <i
      className={styles.bracket}
      data-tone={line.attempts.at(-1)?.tone}
      style={{ left: left(first.start), width: width(lineMillis(line) ?? 0) }}
    />
  )
}

/** What the chart's shapes mean. */
export function GanttLegend() {
  return (
    <Legend>
      <li>
        <i className={classes(styles.sample, styles.sampleQueue)} />
        queue
      </li>
      <li>
        <i className={classes(styles.sample, styles.sampleWork)} />
        work
      </li>
      <li>
        <i className={classes(styles.sample, styles.sampleFailed)} />
        <span>attempt, failed</span>
      </li>
      <li>
        <i className={classes(styles.sample, styles.sampleWait)} />
        <span className={text.muted}>wait to retry</span>
      </li>
    </Legend>
  )
}
