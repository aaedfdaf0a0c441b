import { Link } from '@tanstack/react-router'
import type { Overview, Problem } from '../../api/types'
import { Icon } from '../../icons/icon'
import type { RecoveryState } from '../../status/status'
import { StatusMark } from '../../status/status-mark'
import { formatCount, formatCounted, formatDuration } from '../../time/format'
import { Age } from '../../time/time'
import styles from './overview.module.css'
import { flappingOf, runsOf } from './problem-words'

// More of one kind are one line that leads to the list.
const most = 6

/** The failed runs in these states whenever they began, so the list has to look at all of history. */
function everOf(...recovery: RecoveryState[]) {
  return {
    ...{ range: 'all', from: undefined, to: undefined },
    ...{ status: undefined, open: undefined, recovery },
  }
}

/** Leads to all failed runs in these states. These may be more than a figure beside it counts, so its name has no number. */
export function EverLink({ states, children }: { states: RecoveryState[]; children: string }) {
  return (
    <Link to="/runs" search={(before) => ({ ...before, ...everOf(...states) })}>
      {children}
    </Link>
  )
}

/** What needs no attention now: pipelines that work again, failures that recovered, and those of long ago. */
export function QuietProblems({ overview: { problems, recovery } }: { overview: Overview }) {
  const flapping = problems.items.filter(({ kind }) => kind === 'flapping')
  const notRedone = problems.items.filter(({ kind }) => kind === 'notRedone')
  return (
    <>
      {problems.reason !== null && (
        <p className={styles.quietLine}>
          <Icon name="info" />
          {problems.reason}
        </p>
      )}
      {flapping.length + notRedone.length > 0 && (
        <ul aria-label="Pipelines that work again">
          {flapping.slice(0, most).map((problem) => (
            <QuietRow key={keyOf(problem)} problem={problem} mark={<Icon name="rerun" />}>
              {flappingOf(problem)}
            </QuietRow>
          ))}
          {notRedone.slice(0, most).map((problem) => (
            <QuietRow
              key={keyOf(problem)}
              problem={problem}
              mark={<StatusMark status="Failed" outcome="notRedone" decorative />}
            >
              {runsOf(problem.notRedone)} not redone
            </QuietRow>
          ))}
        </ul>
      )}
      <More hidden={hiddenOf(flapping) + hiddenOf(notRedone)} />
      {recovery.recovered !== null && recovery.recovered > 0 && (
        <p className={styles.quietLine}>
          <StatusMark status="Failed" outcome="recovered" decorative />
          <Link
            to="/runs"
            search={(before) => ({
              ...before,
              status: undefined,
              open: undefined,
              recovery: ['recovered'],
            })}
          >
            {formatCounted(recovery.recovered, 'failure')} recovered
          </Link>
        </p>
      )}
      <Older older={problems.older} />
    </>
  )
}

interface QuietRowProps {
  problem: Problem
  mark: React.ReactNode
  children: React.ReactNode
}

/** One grey line that leads to the failed runs that are not redone. */
function QuietRow({ problem, mark, children }: QuietRowProps) {
  return (
    <li className={styles.quietLine}>
      {mark}
      <Link
        className={styles.quietText}
        to="/runs"
        search={(before) => ({
          ...before,
          ...(problem.notRedone > 0 ? everOf('notRedone') : { status: ['Failed'] }),
          factory: [problem.factory],
          pipeline: [problem.pipelineName],
        })}
      >
        <span className={styles.quietName}>{problem.pipelineName}</span> {children}
      </Link>
      <span className={styles.quietAge}>
        <Age instant={problem.since} />
      </span>
    </li>
  )
}

function More({ hidden }: { hidden: number }) {
  if (hidden <= 0) return null
  return (
    <p className={styles.quietLine}>
      <span>
        {formatCounted(hidden, 'more pipeline that works', 'more pipelines that work')} again ·{' '}
        <EverLink states={['notRedone']}>Show all runs not redone</EverLink>
      </span>
    </p>
  )
}

/** Failures that are left out of all figures, in one line that is never hidden. */
function Older({ older }: { older: Overview['problems']['older'] }) {
  if (older.pipelines === 0) return null
  return (
    <p className={styles.quietLine}>
      <Icon name="calendar" />
      <span>
        {formatCount(older.pipelines)} older: no failure for {inDays(older.afterMs)}, deleted, or
        only imported ·{' '}
        <EverLink states={['open', 'notRedone']}>
          Show all failures that have not recovered
        </EverLink>
      </span>
    </p>
  )
}

/** "14 days", and what is no number of whole days as a duration. */
function inDays(ms: number): string {
  const days = ms / 86_400_000
  if (!Number.isInteger(days)) return formatDuration(ms)
  return days === 1 ? 'a day' : `${formatCount(days)} days`
}

function hiddenOf(problems: Problem[]): number {
  return Math.max(0, problems.length - most)
}

function keyOf({ kind, factory, pipelineName }: Problem): string {
  return `${kind}/${factory}/${pipelineName}`
}
