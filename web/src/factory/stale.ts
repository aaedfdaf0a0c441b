import { useState } from 'react'
import type { Basis, Overview } from '../api/types'
import type { ConnectionState } from '../live/connection'

/** An answer that a page shows, and whether it is known to be old. */
export interface Shown {
  /** The subject of a sentence: "The overview". */
  what: string
  /** When the server gave it, in milliseconds. */
  readAt: number
  /** Set while it could not be read again. */
  failure: Failure | null
  refetch: () => unknown
}

interface Failure {
  /** Why; '' when that is not known. */
  message: string
  /** When reading it again first failed, in milliseconds. */
  since: number
}

interface Asked {
  data: unknown
  error: Error | null
  errorUpdatedAt: number
  dataUpdatedAt: number
  /** Of lists by page alone. Only what comes after the answer could not be read; the answer itself is as it was. */
  isFetchNextPageError?: boolean
  refetch: () => unknown
}

interface LastError {
  error: Error
  at: number
  since: number
  ofNextPage: boolean
}

/**
 * What a page shows of a query; null before there is an answer. `readAt` is for lists by page: each page that is read
 * renews the query's time and clears its error, though the rows before it are as old as they were.
 */
export function useShown(what: string, asked: Asked, readAt = asked.dataUpdatedAt): Shown | null {
  const { error, errorUpdatedAt, refetch } = asked
  const ofNextPage = asked.isFetchNextPageError ?? false
  const [last, setLast] = useState<LastError | null>(() =>
    // Since when it fails was not seen here; that it was good when it was read is sure.
    error ? { error, at: errorUpdatedAt, since: readAt, ofNextPage } : null,
  )
  if (error && last?.at !== errorUpdatedAt) {
    const since = last && last.at > readAt ? last.since : errorUpdatedAt
    setLast({ error, at: errorUpdatedAt, since, ofNextPage })
  }
  if (asked.data === undefined) return null
  const own = last?.at === errorUpdatedAt ? last : null
  // A past error of a list that was not seen here may be of a page after the answer.
  const isOfAnswer = own !== null || asked.isFetchNextPageError === undefined
  const failed = error !== null || (isOfAnswer && errorUpdatedAt > readAt)
  const failure =
    failed && !own?.ofNextPage
      ? { message: own?.error.message ?? '', since: own?.since ?? readAt }
      : null
  return { what, readAt, failure, refetch }
}

/** When the live stream was lost, in milliseconds; null while it is not. */
export function lostAt(connection: ConnectionState): number | null {
  return connection.state === 'offline' ? connection.since : null
}

/** When everything shown last was as the page says, in milliseconds; null while it is kept up to date. */
export function knownUntil(connection: ConnectionState, shown: Shown[]): number | null {
  const lost = lostAt(connection)
  const until = shown.map(({ readAt, failure }) => {
    // Until the stream was lost its events kept the answer up to date, unless it already could not be read.
    const streamed = lost !== null && (failure === null || failure.since > lost)
    if (streamed) return Math.max(lost, readAt)
    return failure === null ? Number.POSITIVE_INFINITY : readAt
  })
  const first = Math.min(...until)
  return Number.isFinite(first) ? first : null
}

/**
 * The basis of an answer that does not hold for now: `reason` comes first, and nothing that needs a sure answer ("All
 * clear", a check mark, a share) follows. Example: "As of 02:14:03: no open failure is known".
 */
function limitedBy(basis: Basis, reason: string): Basis {
  const whole = basis.reason === null ? reason : `${reason}: ${basis.reason}`
  const limit = { kind: 'stale' as const, reason: whole, count: 0, factories: [], since: null }
  return { ...basis, reason: whole, limits: [limit, ...basis.limits] }
}

/** The basis of an answer that is old: it is about the past. */
export function basisAsOf(basis: Basis, time: string): Basis {
  const { factories } = basis
  const stale = factories.stale + factories.upToDate + factories.filling
  return {
    ...limitedBy(basis, `As of ${time}`),
    factories: { ...factories, upToDate: 0, filling: 0, stale },
  }
}

/** An overview that is old. */
export function overviewAsOf(overview: Overview, time: string): Overview {
  return { ...overview, basis: basisAsOf(overview.basis, time), running: maybe(overview.running) }
}

/** The overview of the previous choice, kept in place while that of another is read. */
export function overviewKept(overview: Overview): Overview {
  const basis = limitedBy(overview.basis, 'Being read')
  return { ...overview, basis, running: maybe(overview.running) }
}

/** That nothing was running says nothing of now. */
function maybe(running: Overview['running']): Overview['running'] {
  return running.count === 0 ? { ...running, count: null } : running
}

/** What is being read, by the words of a range's button: "Last 30 days" → "Reading the last 30 days …". */
export function readingOf(range: string): string {
  if (/^Last /.test(range)) return `Reading the last ${range.slice(5)} …`
  const first = range.charAt(0).toLowerCase() + range.slice(1)
  if (/^(Since|Until) /.test(range)) return `Reading the runs ${first} …`
  return range === 'All history' ? `Reading ${first} …` : `Reading ${range} …`
}
