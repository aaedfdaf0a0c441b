import { useMemo } from 'react'
import type { ConnectionState } from '../live/connection'
import { Button } from '../state/button'
import { classes } from '../state/classes'
import { StaleBanner } from '../state/panels'
import { ClockProvider, useClock } from '../time/clock'
import { toInstant } from '../time/instant'
import { Time } from '../time/time'
import { knownUntil, lostAt, type Shown } from './stale'
import styles from './stale.module.css'

interface StaleNoticeProps {
  connection: ConnectionState
  /** Null for what has no answer yet: its own panel says so. */
  shown: (Shown | null)[]
  /** What is read without live updates. */
  instead?: string
}

/** Says above a page that what it shows is old: live updates are lost, or it could not be read again. */
export function StaleNotice({ connection, shown, instead }: StaleNoticeProps) {
  const known = shown.filter((each) => each !== null)
  const until = knownUntil(connection, known)
  if (known.length === 0 || until === null) return null
  const lost = lostAt(connection)
  const answers = lost === null || known.some(({ readAt }) => readAt > lost)
  return (
    <StaleBanner
      title={
        lost === null ? (
          'This may be old.'
        ) : (
          <>
            Live updates lost at <Time instant={toInstant(lost)} />.
          </>
        )
      }
      actions={
        <Button
          size="small"
          icon="refresh"
          onClick={() => {
            for (const { refetch } of known) void refetch()
          }}
        >
          Try again
        </Button>
      }
    >
      {!answers && 'The Andon server does not answer; this page shows what it knew then. '}
      {answers && lost !== null && `${instead ?? 'This page is read again each minute instead.'} `}
      {answers && failuresOf(known)}
      {until !== lost && (
        <>
          As of <Time instant={toInstant(until)} />.
        </>
      )}
    </StaleBanner>
  )
}

/** What could not be read again, and why: "The overview could not be read again: Not available. " */
function failuresOf(shown: Shown[]): string {
  const failed = shown.flatMap(({ what, failure }) => (failure ? { what, failure } : []))
  const [first] = failed
  if (first && failed.length > 1 && failed.length === shown.length) {
    return `${sentenceOf('Nothing here could be read again', first.failure.message)} `
  }
  return failed
    .map(
      ({ what, failure }) => `${sentenceOf(`${what} could not be read again`, failure.message)} `,
    )
    .join('')
}

function sentenceOf(claim: string, why: string): string {
  const whole = why === '' ? claim : `${claim}: ${why}`
  return /[.!?]$/.test(whole) ? whole : `${whole}.`
}

interface StoppedProps {
  /** Null while time goes on. */
  at: number | null
  children: React.ReactNode
}

/** Ages and durations within stand still at the time until which they are known. */
export function Stopped({ at, children }: StoppedProps) {
  const clock = useClock()
  const stopped = useMemo(
    () => (at === null ? clock : { now: () => at, subscribe: () => () => {} }),
    [at, clock],
  )
  return <ClockProvider value={stopped}>{children}</ClockProvider>
}

interface KeptProps {
  /** What is inside is of the previous choice, and keeps the place until the answer comes. */
  busy: boolean
  as?: 'div' | 'p'
  className?: string | undefined
  children: React.ReactNode
}

export function Kept({ busy, as: Tag = 'div', className, children }: KeptProps) {
  return (
    <Tag className={classes(styles.kept, className)} aria-busy={busy}>
      {children}
    </Tag>
  )
}
