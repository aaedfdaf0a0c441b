import { useState } from 'react'
import type { BasisCause, Source } from '../../api/types'
import { isAsked } from '../../factory/state'
import { Button } from '../../state/button'
import { classes } from '../../state/classes'
import { CommandBox } from '../../state/command-box'
import { Name } from '../../state/name'
import text from '../../state/text.module.css'
import { StaleMark, StatusMark } from '../../status/status-mark'
import { useNow } from '../../time/clock'
import { formatAge, formatCount } from '../../time/format'
import { compareInstants, toMillis } from '../../time/instant'
import { Age } from '../../time/time'
import { CheckFindings, CheckOutcome, evidenceOf } from './check-report'
import styles from './factories.module.css'
import { asHeading, asSentence, type Trouble } from './trouble'
import { type SourceCheckState, useSourceCheck } from './use-check'

interface SourceCardProps {
  source: Source
  /** Null once it is good again: the card stays until it is closed, because what it says is the answer to a check. */
  trouble: Trouble | null
  /** A check was started from here. */
  onCheck: () => void
  onClose: () => void
}

/** A source in trouble: the cause, what mends it, a way to check at once, and what each step of the check found. */
export function SourceCard({ source, trouble, onCheck, onClose }: SourceCardProps) {
  const check = useSourceCheck(source)
  const asked = isAsked(source)
  const run = () => {
    onCheck()
    check.run()
  }
  return (
    <section
      className={classes(styles.card, trouble ? styles.troubled : styles.mended)}
      aria-label={`Source ${source.source}`}
    >
      <div className={styles.cardMark}>
        {trouble ? <StaleMark /> : <StatusMark status="Succeeded" decorative />}
      </div>
      <div className={styles.cause}>
        {trouble ? (
          <Causes trouble={trouble} check={check} />
        ) : (
          <>
            <h2>{source.source} answers again</h2>
            <p className={text.muted}>What was missed meanwhile is being read.</p>
          </>
        )}
        <div className={styles.ask}>
          {asked && <CheckButton check={check} onRun={run} again of={`source ${source.source}`} />}
          {!trouble && (
            <Button size="small" look="plain" onClick={onClose}>
              Close
            </Button>
          )}
          <When source={source} trouble={trouble} check={check} />
        </div>
        {asked && <CheckOutcome check={check} />}
      </div>
      {asked && (
        <div className={styles.report}>
          <CheckFindings source={source.source} check={check} />
        </div>
      )}
    </section>
  )
}

interface CheckButtonProps {
  check: SourceCheckState
  onRun: () => void
  /** Whether something is known to be checked again. */
  again?: boolean
  /** Said to those who don't see beside what it stands: "source halden". */
  of: string
}

export function CheckButton({ check, onRun, again, of }: CheckButtonProps) {
  return (
    <Button
      icon="refresh"
      // Not disabled: a button that is would lose the focus of whoever pressed it.
      aria-disabled={check.running}
      onClick={onRun}
    >
      {check.running ? 'Checking …' : again ? 'Check again' : 'Check'}{' '}
      <span className={text.hidden}>{of}</span>
    </Button>
  )
}

/** "last 12 s ago, next in 48 s". */
function When({
  source,
  trouble,
  check,
}: Omit<SourceCardProps, 'onCheck' | 'onClose'> & {
  check: SourceCheckState
}) {
  const now = useNow()
  const last = laterOf(check.report?.checkedAt, source.at)
  const retry = source.retryAt ?? trouble?.causes.find((cause) => cause.retryAt)?.retryAt
  const at = toMillis(retry)
  const next =
    at === null || !trouble ? null : at > now ? `next in ${formatAge(at - now)}` : 'next now'
  if (!last && next === null) return null
  return (
    <span className={text.muted}>
      {last && (
        <>
          last <Age instant={last} /> ago
        </>
      )}
      {last && next && ', '}
      {next}
    </span>
  )
}

/** A source is asked by checks and by the collector; which was last tells how it stands. */
function laterOf(a: string | null | undefined, b: string | null) {
  return compareInstants(a, b) > 0 ? a : b
}

const mostCauses = 3

function Causes({ trouble, check }: { trouble: Trouble; check: SourceCheckState }) {
  const { source, causes } = trouble
  const [all, setAll] = useState(false)
  const [only] = causes
  if (causes.length === 1 && only) {
    return (
      <>
        <h2>
          {source.source}: {asHeading(only.what)}
        </h2>
        <CauseBody cause={only} evidence={evidenceOf(only, check.report)} />
      </>
    )
  }
  const shown = all ? causes : causes.slice(0, mostCauses)
  return (
    <>
      <h2>
        {source.source}: {formatCount(causes.length)} problems
      </h2>
      <ul className={styles.causes}>
        {shown.map((cause) => (
          <li key={cause.what}>
            <h3>{asHeading(cause.what)}</h3>
            <CauseBody cause={cause} evidence={null} />
          </li>
        ))}
      </ul>
      {shown.length < causes.length && (
        <Button size="small" look="plain" onClick={() => setAll(true)}>
          {formatCount(causes.length - shown.length)} more
        </Button>
      )}
    </>
  )
}

function CauseBody({ cause, evidence }: { cause: BasisCause; evidence: string | null }) {
  const { where, advice, command, factories, count, neverRead } = cause
  const seen = evidence ?? (count > 1 ? null : where)
  return (
    <>
      {count > 0 && (
        <p className={text.muted}>
          {neverRead === count ? 'Never read' : 'Not updating'}:{' '}
          <FactoryNames factories={factories} count={count} />
          {neverRead > 0 && neverRead < count && `, ${formatCount(neverRead)} of them never read`}
        </p>
      )}
      {(seen || advice) && (
        <p className={text.muted}>
          {seen && asSentence(seen)} {advice && asSentence(advice)}
        </p>
      )}
      {command && (
        <div className={styles.command}>
          <CommandBox command={command} />
        </div>
      )}
    </>
  )
}

const mostNames = 4

function FactoryNames({ factories, count }: Pick<BasisCause, 'factories' | 'count'>) {
  const more = count - Math.min(factories.length, mostNames)
  return (
    <>
      {factories.slice(0, mostNames).map((factory, index) => (
        <span key={factory.factory}>
          {index > 0 && ', '}
          <Name>{factory.name}</Name>
        </span>
      ))}
      {more > 0 && ` and ${formatCount(more)} more`}
    </>
  )
}
