import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { childrenQuery, type RunRef } from '../../api/run'
import type { RunDetail, RunLink } from '../../api/types'
import text from '../../state/text.module.css'
import { outcomeOf } from '../../status/status'
import { StatusMark } from '../../status/status-mark'
import { Time } from '../../time/time'
import {
  childrenSince,
  childrenWords,
  laterOf,
  missingOf,
  openWords,
  ruleWords,
} from './recovery-words'
import styles from './run.module.css'

/** What became of a failed run; nothing for any other. */
export function RecoverySentence({ run }: { run: RunDetail }) {
  const outcome = outcomeOf(run)
  if (outcome === null) return null
  return (
    <p className={styles.recovery}>
      <StatusMark status="Failed" outcome={outcome} decorative />
      <span>
        {outcome === 'underived' && (run.recoveryReason ?? 'Its recovery is being derived.')}
        {outcome === 'open' && openWords(run)}
        {outcome === 'recovered' && <RecoveredBy run={run} />}
        {outcome === 'notRedone' && <NotRedone run={run} />}
        {run.recovery?.running && (
          <>
            {' '}
            It is{' '}
            <To run={run} link={run.recovery.running}>
              being rerun since <Time instant={run.recovery.running.runStart} />
            </To>
            .
          </>
        )}
      </span>
    </p>
  )
}

function RecoveredBy({ run }: { run: RunDetail }) {
  const by = run.recovery?.by ?? null
  if (!by) return 'Recovered by a later run.'
  const rule = ruleWords(run.recovery?.rule ?? null)
  return (
    <>
      Recovered by{' '}
      <To run={run} link={by}>
        run {by.runId.slice(0, 8)}
      </To>
      {rule && ` (${rule})`}
      {laterOf(run, by)}.
    </>
  )
}

function NotRedone({ run }: { run: RunDetail }) {
  const missing = missingOf(run)
  const since = run.worksSince
  return (
    <>
      Not redone:{' '}
      {missing ? (
        <b className={styles.missing} title={missing.whole}>
          {missing.shown}
        </b>
      ) : (
        'the work of this run'
      )}{' '}
      is still missing.
      {since && (
        <>
          {' '}
          Later runs of this series succeeded,{' '}
          <To run={run} link={since}>
            the first at <Time instant={since.runStart} />
          </To>
          .
        </>
      )}
    </>
  )
}

/** A parent that failed says when the children it failed on have recovered, which needs no rerun of the parent. */
export function ChildrenSince({ run, reference }: { run: RunDetail; reference: RunRef }) {
  const outcome = outcomeOf(run)
  const asks = run.childCount > 0 && outcome !== null && outcome !== 'recovered'
  const { data } = useQuery({ ...childrenQuery(reference), enabled: asks })
  const since = asks && data ? childrenSince(data) : null
  if (!since) return null
  const by = since.only?.recovery?.by
  return (
    <p className={text.muted}>
      {childrenWords(since)}
      {by && (
        <>
          {' '}
          by{' '}
          <To run={run} link={by}>
            run {by.runId.slice(0, 8)}
          </To>
        </>
      )}
      .
    </p>
  )
}

interface ToProps {
  run: RunDetail
  link: RunLink
  children: React.ReactNode
}

/** A link to another run of the same factory. */
function To({ run, link, children }: ToProps) {
  return (
    <Link
      className={styles.link}
      to="/runs/$runId"
      params={{ runId: link.runId }}
      search={(before) => ({ ...before, in: run.factory, tab: undefined, activity: undefined })}
    >
      {children}
    </Link>
  )
}
