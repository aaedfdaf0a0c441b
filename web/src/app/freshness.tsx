import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { factoriesQuery } from '../api/factories'
import type { BasisCause, Factory, FactoryList } from '../api/types'
import { causesIn, causeTitle } from '../factory/basis'
import { isStale, worstFirst } from '../factory/state'
import type { ConnectionState } from '../live/connection'
import { useConnection } from '../live/live'
import { useScope } from '../search/use-scope'
import { Button } from '../state/button'
import { classes } from '../state/classes'
import { CommandBox } from '../state/command-box'
import { StaleMark } from '../status/status-mark'
import { useNow } from '../time/clock'
import { formatAge, formatCount, formatTime, unknown } from '../time/format'
import { toMillis } from '../time/instant'
import { Age, Time } from '../time/time'
import { useZone } from '../time/zone'
import styles from './freshness.module.css'
import { type FreshnessSummary, summarizeFreshness } from './freshness-summary'
import { Popover } from './popover'

/** How old what is shown may be; opens the list of factories and sources with their lag and last error. */
export function Freshness() {
  const { factory } = useScope()
  const { data, isError } = useQuery(factoriesQuery())
  const connection = useConnection()
  const [open, setOpen] = useState(false)
  const summary = summarizeFreshness(data?.items ?? [], data?.sources ?? [], factory)
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      title="Freshness"
      align="end"
      trigger={
        <Button look="plain" className={styles.trigger}>
          <FreshnessDot summary={summary} connection={connection} />
          {data ? (
            <Words summary={summary} connection={connection} />
          ) : (
            <span>{isError ? 'freshness not known' : 'as of …'}</span>
          )}
        </Button>
      }
    >
      <FreshnessList list={data} connection={connection} scope={factory} />
      <p className={styles.more}>
        <Link to="/factories" onClick={() => setOpen(false)}>
          Coverage, lag and checks
        </Link>
      </p>
    </Popover>
  )
}

interface StateProps {
  summary: FreshnessSummary
  connection: ConnectionState
}

function FreshnessDot({ summary, connection }: StateProps) {
  const lost = connection.state === 'offline'
  if (summary.allStale || lost) return <StaleMark />
  const troubled =
    summary.stale + summary.neverRead > 0 ||
    connection.state === 'reconnecting' ||
    summary.asOf === null
  return <span className={classes(styles.dot, troubled && styles.ring)} aria-hidden="true" />
}

function Words({ summary, connection }: StateProps) {
  const zone = useZone()
  const now = useNow()
  const at = toMillis(summary.asOf)
  const age = at === null ? null : formatAge(now - at)
  return (
    <>
      <span className={styles.wide}>
        {at === null
          ? emptyWords(summary)
          : `as of ${formatTime(summary.asOf, zone, now)}, ${age} ago`}
      </span>
      <span className={styles.tight}>{age === null ? unknown : `${age} ago`}</span>
      {lateWords(summary) && (
        <span className={styles.stale}>
          {at !== null && <span className={styles.wide}>· </span>}
          {lateWords(summary)}
        </span>
      )}
      {connection.state === 'reconnecting' && <span className={styles.stale}>· reconnecting</span>}
      {connection.state === 'offline' && (
        <span className={styles.stale}>
          · live updates lost {formatAge(now - connection.since)} ago
        </span>
      )}
    </>
  )
}

/** "4 never read, 1 stale"; that all are stale is said by the mark and the age. */
function lateWords({ neverRead, stale, allStale }: FreshnessSummary): string {
  const parts = [
    neverRead > 0 ? `${formatCount(neverRead)} never read` : '',
    stale > 0 && !allStale ? `${formatCount(stale)} stale` : '',
  ]
  return parts.filter(Boolean).join(', ')
}

function emptyWords(summary: FreshnessSummary): string {
  if (summary.filling > 0) return 'reading history'
  if (summary.neverRead > 0) return ''
  if (summary.total === 0) return 'no factory yet'
  return summary.imported === summary.total ? 'imported only' : 'not collected'
}

interface FreshnessListProps {
  list: FactoryList | undefined
  connection: ConnectionState
  scope: string[] | undefined
}

function FreshnessList({ list, connection, scope }: FreshnessListProps) {
  const now = useNow()
  if (!list) return <p className={styles.note}>The server has not said yet.</p>
  const shown = worstFirst(list.items.filter((f) => !scope || scope.includes(f.factory)))
  return (
    <>
      <p className={styles.note}>{connectionWords(connection, now)}</p>
      <ul className={styles.list}>
        {causesIn(list.basis, scope).map((cause) => (
          <CauseItem key={`${cause.source}/${cause.what}`} cause={cause} />
        ))}
        {shown.map((factory) => (
          <FactoryItem key={factory.factory} factory={factory} />
        ))}
      </ul>
      {shown.length === 0 && <p className={styles.note}>No factory has been found yet.</p>}
    </>
  )
}

function connectionWords(connection: ConnectionState, now: number): string {
  switch (connection.state) {
    case 'live':
      return 'Live updates are on.'
    case 'connecting':
      return 'Live updates are being turned on.'
    case 'reconnecting':
      return `Live updates were lost ${formatAge(now - connection.since)} ago; Andon is reconnecting.`
    case 'offline':
      return `Live updates lost ${formatAge(now - connection.since)} ago: the Andon server does not answer. This page shows what it knew then.`
  }
}

function CauseItem({ cause }: { cause: BasisCause }) {
  return (
    <li className={styles.item}>
      <StaleMark />
      <span className={styles.title}>{causeTitle(cause)}</span>
      <span className={styles.note}>
        <Age instant={cause.at} />
      </span>
      {cause.advice && <p className={styles.detail}>{cause.advice}</p>}
      {cause.command && (
        <div className={styles.detail}>
          <CommandBox command={cause.command} />
        </div>
      )}
    </li>
  )
}

function FactoryItem({ factory }: { factory: Factory }) {
  const error = factory.lastError
  return (
    <li className={styles.item}>
      {isStale(factory) ? (
        <StaleMark />
      ) : (
        <span
          className={classes(styles.dot, factory.state !== 'fresh' && styles.hollow)}
          aria-hidden="true"
        />
      )}
      <span className={styles.name}>{factory.name}</span>
      <span className={styles.note}>
        {stateWords(factory)} {factory.asOf && <Age instant={factory.asOf} />}
      </span>
      {error && !isStale(factory) && (
        <p className={styles.detail}>
          <Time instant={error.at} /> {error.what}. {error.advice}
        </p>
      )}
    </li>
  )
}

function stateWords(factory: Factory): string {
  const share = factory.coverage.doneShare
  if (factory.state === 'filling' && share !== null)
    return `filling, ${Math.floor(share * 100)}\u00a0% ·`
  if (factory.state === 'fresh') return ''
  if (factory.neverRead) return 'never read'
  return factory.asOf ? `${factory.state} ·` : factory.state
}
