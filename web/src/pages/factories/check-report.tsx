import type { BasisCause, CheckReport, CheckStep } from '../../api/types'
import { Icon } from '../../icons/icon'
import { classes } from '../../state/classes'
import { CommandBox } from '../../state/command-box'
import { Loading } from '../../state/loading'
import text from '../../state/text.module.css'
import { StaleMark, StatusMark } from '../../status/status-mark'
import { compareInstants } from '../../time/instant'
import { Time } from '../../time/time'
import { type CheckLine, linesOf, verdictOf } from './check'
import styles from './factories.module.css'
import { asSentence } from './trouble'
import type { SourceCheckState } from './use-check'

/** What the doctor found of a source, step by step; each opens for its evidence and command. */
export function CheckFindings({ source, check }: { source: string; check: SourceCheckState }) {
  const { report, loading, running } = check
  if (!report && loading) {
    return <Loading label={`Loading the check of ${source}`} blocks={[16, ...Array(7).fill(16)]} />
  }
  if (!report) {
    return (
      <p className={text.muted}>
        {running
          ? 'The way from the settings to each kind of answer is being tried.'
          : 'No check has been made since Andon started. It tries the way from the settings to each kind of answer.'}
      </p>
    )
  }
  return <Findings source={source} report={report} running={running} />
}

interface FindingsProps {
  source: string
  report: CheckReport
  running: boolean
}

function Findings({ source, report, running }: FindingsProps) {
  return (
    <>
      <h3 className={styles.findingsHead}>
        andon doctor, source {source}, <Time instant={report.checkedAt} />
      </h3>
      <ul className={classes(styles.findings, running && styles.old)}>
        {linesOf(report).map((line) => (
          <Line key={line.label} line={line} />
        ))}
      </ul>
    </>
  )
}

const statusWords: Record<CheckStep['status'], string> = {
  ok: 'Good',
  warning: 'Needs a look',
  failed: 'Failed',
  notReached: 'Not reached',
}

function Mark({ status, size = 16 }: { status: CheckStep['status']; size?: number }) {
  if (status === 'warning') return <StaleMark size={size} />
  const shown = { ok: 'Succeeded', failed: 'Failed', notReached: '' }[status]
  return <StatusMark status={shown} size={size} decorative />
}

function Line({ line: { label, status, short, steps } }: { line: CheckLine }) {
  const said = short.toLowerCase() === statusWords[status].toLowerCase()
  const row = (
    <>
      <Mark status={status} />
      <span>{label}</span>
      {!said && <span className={text.hidden}>{statusWords[status]}</span>}
      <span className={classes(styles.findingShort, toneOf(status))}>{short}</span>
    </>
  )
  if (steps.length === 0) return <li className={styles.finding}>{row}</li>
  return (
    <li>
      <details>
        <summary className={styles.finding}>
          {row}
          <Icon name="down" size={12} />
        </summary>
        <ul className={styles.steps}>
          {steps.map(({ label: name, step }) => (
            <Step key={name + step.what} label={steps.length > 1 ? name : null} step={step} />
          ))}
        </ul>
      </details>
    </li>
  )
}

function toneOf(status: CheckStep['status']): string | undefined {
  return { failed: text.bad, warning: text.stale, ok: text.muted, notReached: text.muted }[status]
}

function Step({ label, step }: { label: string | null; step: CheckStep }) {
  return (
    <li className={styles.step}>
      <Mark status={step.status} size={12} />
      <div>
        <p>
          {label !== null && `${label}: `}
          {label === null ? asSentence(step.what) : step.what}
          <span className={text.hidden}> {statusWords[step.status]}</span>
        </p>
        <EvidenceList evidence={step.evidence} />
        {step.advice && <p className={text.muted}>{asSentence(step.advice)}</p>}
        {step.command && <CommandBox command={step.command} />}
      </div>
    </li>
  )
}

/** What shows the cause: who was asked for what, and what came back. */
function EvidenceList({ evidence }: { evidence: CheckStep['evidence'] }) {
  if (!evidence) return null
  const facts = factsOf(evidence)
  return (
    <dl className={styles.evidence}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {evidence.retryAt && (
        <div>
          <dt>Ask again</dt>
          <dd>
            <Time instant={evidence.retryAt} />
          </dd>
        </div>
      )}
    </dl>
  )
}

function factsOf(evidence: NonNullable<CheckStep['evidence']>): [string, string][] {
  const { host, call, httpStatus, code, action, scope, system } = evidence
  const facts: [string, string | null][] = [
    ['Asked', [call, host].filter(Boolean).join(' at ')],
    ['Answer', [httpStatus ? `HTTP ${httpStatus}` : '', code].filter(Boolean).join(', ')],
    ['Missing right', action],
    ['On', scope],
    ['System', system],
  ]
  return facts.flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []))
}

/** What the check saw of a cause, in a line; null where it was made before, or failed for something else. */
export function evidenceOf(cause: BasisCause, report: CheckReport | null): string | null {
  if (!report || compareInstants(report.checkedAt, cause.at) < 0) return null
  const steps = [...report.steps, ...report.factories.flatMap((factory) => factory.steps)]
  const evidence = steps.find((s) => s.status === 'failed' && s.what === cause.what)?.evidence
  if (!evidence) return null
  const { code, httpStatus, host, call } = evidence
  const answer = [code, httpStatus ? `HTTP ${httpStatus}` : ''].filter(Boolean).join(', ')
  const asked = [call, host].filter(Boolean).join(' at ')
  return [answer, asked].filter(Boolean).join(', asked for ')
}

/** Reads out how a check ended, and shows why one could not be made. */
export function CheckOutcome({ check }: { check: SourceCheckState }) {
  const { running, report, asked, error } = check
  if (error) {
    return (
      <p className={text.bad} role="alert">
        {error.message}
      </p>
    )
  }
  return (
    <span role="status" className={text.hidden}>
      {!asked ? '' : running ? 'Checking' : report ? `Checked: ${verdictOf(report)}` : ''}
    </span>
  )
}
