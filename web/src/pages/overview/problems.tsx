import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Overview } from '../../api/types'
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
  const { openProblems, healed } = overview
  const shown = openProblems.items.slice(0, most)
  const hidden = openProblems.count - shown.length
  return (
    <section className={styles.section} aria-labelledby="open-problems">
      <div className={styles.sectionHead}>
        <h2 id="open-problems">Open problems</h2>
        <span className={text.muted}>{formatCount(openProblems.count)}</span>
        {openProblems.runs > 0 && (
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
      <HealedLine count={healed.runs} none={openProblems.count === 0} />
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

function HealedLine({ count, none }: { count: number; none: boolean }) {
  if (count === 0) {
    if (!none) return null
    return (
      <p className={styles.quietLine}>
        <StatusMark status="Succeeded" decorative />
        No run of this time failed and stayed so.
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
