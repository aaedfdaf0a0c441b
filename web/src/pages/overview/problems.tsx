import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Basis, Overview } from '../../api/types'
import { Icon } from '../../icons/icon'
import { RunLink } from '../../run/run-link'
import { whyOf } from '../../run/why'
import { classes } from '../../state/classes'
import text from '../../state/text.module.css'
import { StatusMark } from '../../status/status-mark'
import { formatCount } from '../../time/format'
import { Age, Time } from '../../time/time'
import styles from './overview.module.css'
import { Spark } from './spark'

// Problems are open whenever they began, so the list has to look at all of history.
const openEver = { status: ['Failed'], open: true, range: 'all', from: undefined, to: undefined }

// More than this is an outage, which the list of runs shows better.
const most = 6

type Problem = Overview['openProblems']['items'][number]

/** What is still broken, one row for each pipeline, and in a quiet line what was but is no longer. */
export const OpenProblems = memo(function OpenProblems({ overview }: { overview: Overview }) {
  const { basis, openProblems, healed } = overview
  const shown = openProblems.items.slice(0, most)
  const hidden = (openProblems.count ?? 0) - shown.length
  return (
    <section className={styles.section} aria-labelledby="open-problems">
      <div className={styles.sectionHead}>
        <h2 id="open-problems">Open problems</h2>
        <span className={text.muted}>{formatCount(openProblems.count)}</span>
        {!!openProblems.runs && (
          <Link className={styles.end} to="/runs" search={(before) => ({ ...before, ...openEver })}>
            {formatCount(openProblems.runs)} failed {openProblems.runs === 1 ? 'run' : 'runs'}
          </Link>
        )}
      </div>
      <ul className={styles.problems}>
        {shown.map((problem) => (
          <li key={`${problem.factory}/${problem.pipelineName}`}>
            <ProblemRow problem={problem} />
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <p className={styles.quietLine}>
          <Link to="/runs" search={(before) => ({ ...before, ...openEver })}>
            {formatCount(hidden)} more {hidden === 1 ? 'pipeline' : 'pipelines'}
          </Link>
        </p>
      )}
      <HealedLine count={healed.runs ?? 0} none={shown.length === 0} basis={basis} />
      <NotListed basis={basis} />
      <p className={styles.quietLine}>Missed schedules are not watched yet.</p>
    </section>
  )
})

function ProblemRow({ problem }: { problem: Problem }) {
  return (
    <div className={styles.problem}>
      <StatusMark status="Failed" size={20} />
      <div className={styles.problemText}>
        <p className={styles.cause} title={problem.last.message ?? undefined}>
          {whyOf(problem.last)}
        </p>
        <p className={text.muted}>
          <span className={classes(styles.narrowOnly, text.bad)}>
            <Age instant={problem.since} /> ·{' '}
          </span>
          <RunLink run={problem.last} withoutMark /> in {problem.factoryName} ·{' '}
          {problem.runs === 1 ? '1 run' : `${formatCount(problem.runs)} runs`} · since{' '}
          <Time instant={problem.since} />
        </p>
      </div>
      <Spark counts={problem.spark} />
      <p className={styles.problemAge}>
        <Age instant={problem.since} />
      </p>
    </div>
  )
}

/** Which factories could not be asked whether something is open there. */
function NotListed({ basis: { factories } }: { basis: Basis }) {
  const count = factories.neverRead
  if (count === 0) return null
  return (
    <p className={styles.quietLine}>
      <Icon name="info" />
      {formatCount(count)} {count === 1 ? 'factory is' : 'factories are'} not part of this list
    </p>
  )
}

interface HealedLineProps {
  count: number
  none: boolean
  basis: Basis
}

function HealedLine({ count, none, basis }: HealedLineProps) {
  if (count === 0) {
    if (!none) return null
    if (basis.reason !== null) return <p className={styles.quietLine}>No open failure is known.</p>
    if (basis.nothingRan) return <p className={styles.quietLine}>No open failures.</p>
    return (
      <p className={styles.quietLine}>
        <StatusMark status="Succeeded" decorative />
        No open failures in this time range.
      </p>
    )
  }
  const words = count === 1 ? '1 failure was' : `${formatCount(count)} failures were`
  return (
    <p className={styles.quietLine}>
      <StatusMark status="Failed" healed decorative />
      <Link to="/runs" search={(before) => ({ ...before, status: ['Failed'], open: false })}>
        {words} healed by a later run
      </Link>
    </p>
  )
}
