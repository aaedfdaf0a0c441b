import { Link } from '@tanstack/react-router'
import type { RunRef } from '../../api/run'
import type { RunDetail } from '../../api/types'
import { LongText } from '../../run/long-text'
import { whyOf } from '../../run/why'
import { CopyButton } from '../../state/copy'
import text from '../../state/text.module.css'
import { useActivities } from './activities'
import { failureTypeWords } from './activity'
import styles from './run.module.css'

interface CauseProps {
  run: RunDetail
  reference: RunRef
}

/** Why the run failed, where to look, and the message whole. A run that did not fail may have a message too. */
export function Cause({ run, reference }: CauseProps) {
  const { cause, message } = run
  if (!cause && !message) return null
  // Red says that something is missing.
  const recovered = run.recovery?.state === 'recovered'
  return (
    <section className={cause && !recovered ? styles.cause : styles.note} aria-labelledby="cause">
      <div className={styles.causeHead}>
        <h2 id="cause">{cause ? whyOf(run) : 'Message'}</h2>
        {message && <CopyButton text={message} what="the message" withWord />}
      </div>
      {cause && <Where cause={cause} factory={run.factory} />}
      {cause?.text === null && <LimitHint reference={reference} />}
      {message && (
        <LongText key={run.runId} what="message">
          {message}
        </LongText>
      )}
    </section>
  )
}

/** "cp_orders · error 2200 · user error · in child run 6d1f0c52". */
function Where({ cause, factory }: { cause: NonNullable<RunDetail['cause']>; factory: string }) {
  const words = [
    cause.activity,
    cause.code && `error ${cause.code}`,
    cause.failureType && failureTypeWords(cause.failureType).toLowerCase(),
  ].filter(Boolean)
  if (words.length === 0 && !cause.childRunId) return null
  return (
    <p className={text.muted}>
      {words.join(' · ')}
      {cause.childRunId && (
        <>
          {words.length > 0 && ' · '}in{' '}
          <Link
            className={styles.link}
            to="/runs/$runId"
            params={{ runId: cause.childRunId }}
            search={(before) => ({ ...before, in: factory, tab: undefined, activity: undefined })}
          >
            child run {cause.childRunId.slice(0, 8)}
          </Link>
        </>
      )}
    </p>
  )
}

/** Runs that fail at a limit have neither a message nor activities. Said only where Azure has listed none. */
function LimitHint({ reference }: { reference: RunRef }) {
  const { data } = useActivities(reference)
  if (data?.state !== 'complete' || data.items.length > 0) return null
  return (
    <p className={text.muted}>
      It has no activities either. Runs fail like this at limits of concurrency: see how many runs
      of this pipeline and of this factory were queued or running at that time.
    </p>
  )
}
