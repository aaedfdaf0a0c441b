import { type InfiniteData, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { runsQuery } from '../api/runs'
import type { RunPage, RunRow } from '../api/types'
import { matchesFilter } from '../search/matches'
import type { RunFilter } from '../search/schema'
import { useClock } from '../time/clock'
import { insertRuns } from './insert'
import { useLive } from './live'
import { patch, renewed, runIdentity } from './patch'

const mostWaiting = 1_000

export interface LiveRuns {
  /** How many new runs match and wait; `more` when there are beyond what is kept. */
  waiting: number
  more: boolean
  /** Puts them into the list. */
  show: () => void
}

/**
 * Brings runs that start now into the list of a filter: at once, or, while `hold` is set because somebody reads the
 * list, when asked to.
 */
export function useLiveRuns(filter: RunFilter, hold: boolean): LiveRuns {
  const live = useLive()
  const client = useQueryClient()
  const clock = useClock()
  const [waiting, setWaiting] = useState<ReadonlyMap<string, RunRow>>(new Map())

  // Filters are new objects at each drawing; by their key they are the same list.
  const key = JSON.stringify(runsQuery(filter).queryKey)
  const latest = useRef({ filter, key, hold })
  useEffect(() => {
    latest.current = { filter, key, hold }
  })

  const insert = useCallback(
    (runs: RunRow[]) => {
      const { queryKey } = runsQuery(latest.current.filter)
      patch<InfiniteData<RunPage>>(client, { queryKey, exact: true }, (data) =>
        insertRuns(data, runs, latest.current.filter.sort),
      )
    },
    [client],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: what waited for another filter is dropped
  useEffect(() => setWaiting(new Map()), [key])

  useEffect(() => {
    const isListed = (run: RunRow) => {
      const data = client.getQueryData(runsQuery(latest.current.filter).queryKey)
      return data?.pages.some((page) =>
        page.items.some((row) => runIdentity(row) === runIdentity(run)),
      )
    }
    const stopRuns = live.onRun((run) => {
      const matches = matchesFilter(run, latest.current.filter, clock.now())
      if (isListed(run)) return
      if (matches && !latest.current.hold) insert([run])
      else setWaiting((before) => withRun(before, run, matches))
    })
    const stopGap = live.onGap(() => setWaiting(new Map()))
    return () => {
      stopRuns()
      stopGap()
    }
  }, [live, client, clock, insert])

  const show = useCallback(() => {
    insert([...waiting.values()])
    setWaiting(new Map())
  }, [insert, waiting])

  useEffect(() => {
    if (!hold && waiting.size > 0) show()
  }, [hold, waiting, show])

  return { waiting: waiting.size, more: waiting.size >= mostWaiting, show }
}

/** A waiting run is renewed, and leaves when it no longer matches. */
function withRun(before: ReadonlyMap<string, RunRow>, run: RunRow, matches: boolean) {
  const id = runIdentity(run)
  const known = before.get(id)
  if (!known && (!matches || before.size >= mostWaiting)) return before
  const after = new Map(before)
  if (matches) after.set(id, known ? renewed(known, run) : run)
  else after.delete(id)
  return after
}
