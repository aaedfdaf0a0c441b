import { memo, useId, useState } from 'react'
import type { Basis, Overview, Problem } from '../../api/types'
import { Icon } from '../../icons/icon'
import { RunLink } from '../../run/run-link'
import { whyOf } from '../../run/why'
import { Button } from '../../state/button'
import { classes } from '../../state/classes'
import text from '../../state/text.module.css'
import { RunMark, StatusMark } from '../../status/status-mark'
import { capitalized, formatCount, formatCounted } from '../../time/format'
import { Age, Time } from '../../time/time'
import styles from './overview.module.css'
import { attentionOf, calmOf, extentOf, foldedOf, seriesName, unprovenOf } from './problem-words'
import { EverLink, QuietProblems } from './quiet-problems'
import { Spark } from './spark'

// More than this is an outage, which the list of runs shows better.
const most = 6

/** The pipelines that need attention, one row each, and below them in quiet lines what works again. */
export const Problems = memo(function Problems({ overview }: { overview: Overview }) {
  const { problems } = overview
  const open = problems.items.filter(({ kind }) => kind === 'open')
  const shown = open.slice(0, most)
  const attention = attentionOf(problems)
  const hidden = Math.max(attention.pipelines ?? 0, open.length) - shown.length
  return (
    <section className={styles.section} aria-labelledby="open-problems">
      <div className={styles.sectionHead}>
        <h2 id="open-problems">Open problems</h2>
        <span className={text.muted}>
          {attention.atLeast && attention.pipelines !== null && 'at least '}
          {formatCount(attention.pipelines)}
        </span>
        {open.length > 0 && (
          <span className={styles.end}>
            {problems.runs !== null && `${formatCounted(problems.runs, 'open failure')} · `}
            <EverLink states={['open']}>Show all open failures</EverLink>
          </span>
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
          <span>
            {formatCounted(hidden, 'more pipeline')} ·{' '}
            <EverLink states={['open']}>Show all open failures</EverLink>
          </span>
        </p>
      )}
      {open.length === 0 && <NoOpenFailures overview={overview} />}
      <QuietProblems overview={overview} />
      <NotListed basis={overview.basis} />
      <p className={styles.quietLine}>Missed schedules are not watched yet.</p>
    </section>
  )
})

/** That nothing is open, as far as it is known; a check mark only where all is covered, has recovered, and something ran. */
function NoOpenFailures({ overview }: { overview: Overview }) {
  if (unprovenOf(overview.problems) !== null) return null
  const { words, clear } = calmOf(overview)
  return (
    <p className={styles.quietLine}>
      {clear && !overview.basis.nothingRan && <StatusMark status="Succeeded" decorative />}
      {capitalized(words)}.
    </p>
  )
}

/** Which factories could not be asked whether something is open there. */
function NotListed({ basis: { factories } }: { basis: Basis }) {
  const count = factories.neverRead
  if (count === 0) return null
  return (
    <p className={styles.quietLine}>
      <Icon name="info" />
      {formatCounted(count, 'factory is', 'factories are')} not part of this list
    </p>
  )
}

function ProblemRow({ problem }: { problem: Problem }) {
  const [unfolded, setUnfolded] = useState(false)
  const list = useId()
  const folded = foldedOf(problem)
  return (
    <div className={styles.problem}>
      <RunMark run={problem.last} size={20} />
      <div className={styles.problemText}>
        <p className={styles.cause} title={problem.last.message ?? undefined}>
          {whyOf(problem.last)}
        </p>
        <p className={text.muted}>
          <span className={classes(styles.narrowOnly, text.bad)}>
            <Age instant={problem.since} /> ·{' '}
          </span>
          <RunLink run={problem.last} withoutMark /> in {problem.factoryName} ·{' '}
          {problem.seriesItems.length > 0 && problem.recurring.length > 0 ? (
            <Button
              size="small"
              look="plain"
              className={styles.unfold}
              aria-expanded={unfolded}
              aria-controls={list}
              onClick={() => setUnfolded(!unfolded)}
            >
              {extentOf(problem)}
            </Button>
          ) : (
            extentOf(problem)
          )}{' '}
          · since <Time instant={problem.since} />
        </p>
        {folded && <p className={text.muted}>{folded}</p>}
        {unfolded && <SeriesList id={list} problem={problem} />}
      </div>
      <Spark counts={problem.spark} />
      <p className={styles.problemAge}>
        <Age instant={problem.since} />
      </p>
    </div>
  )
}

function SeriesList({ id, problem }: { id: string; problem: Problem }) {
  const hidden = problem.series - problem.seriesItems.length
  return (
    <ul id={id} className={styles.seriesList} aria-label={`Open series of ${problem.pipelineName}`}>
      {problem.seriesItems.map(({ parameters, runs, since }) => (
        <li key={JSON.stringify(parameters)}>
          <span>{seriesName(parameters)}</span>
          <span className={text.muted}>
            {formatCounted(runs, 'run')} · since <Time instant={since} />
          </span>
        </li>
      ))}
      {hidden > 0 && <li className={text.muted}>{formatCount(hidden)} more</li>}
    </ul>
  )
}
