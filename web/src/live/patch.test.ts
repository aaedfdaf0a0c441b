import { QueryClient } from '@tanstack/react-query'
import { describe, expect, it } from 'vitest'
import { factoriesKey, factoriesQuery } from '../api/factories'
import { overviewQuery } from '../api/overview'
import { activitiesQuery, groupQuery, runQuery } from '../api/run'
import { runsQuery } from '../api/runs'
import type { FactoryList } from '../api/types'
import {
  sampleCause,
  sampleFactories,
  sampleFactory,
  sampleFailure,
  sampleOverview,
  sampleRecovery,
  sampleRun,
  sampleRunDetail,
  sampleRunPage,
} from '../testing/samples'
import { patchFactory, patchRun, renewed } from './patch'

const running = sampleRun({
  status: 'InProgress',
  runEnd: null,
  durationInMs: null,
  lastUpdated: '2026-11-24T02:00:03.5Z',
})
const failed = sampleFailure()

describe('renewed', () => {
  it('takes an event that is newer or as old', () => {
    expect(renewed(running, failed).status).toBe('Failed')
    expect(renewed(failed, { ...failed, activities: 'partial' }).activities).toBe('partial')
  })

  it('leaves the row when the event is older, even by the seventh digit', () => {
    const row = sampleRun({ lastUpdated: '2026-11-24T02:07:42.0000002Z' })
    const older = sampleRun({ status: 'InProgress', lastUpdated: '2026-11-24T02:07:42.0000001Z' })
    expect(renewed(row, older)).toBe(row)
  })

  it('leaves the same runId of another factory alone', () => {
    expect(renewed(running, { ...failed, factory: 'other' })).toBe(running)
  })
})

describe('patchRun', () => {
  it('has a list that is not on screen read again when it is shown', () => {
    const client = new QueryClient()
    const lists = runsQuery({}).queryKey
    client.setQueryData(lists, {
      pages: [{ ...sampleRunPage([failed]), bounds: {} }],
      pageParams: [{ cursor: null, bounds: null }],
    })
    patchRun(client, { ...running, runId: 'another' })
    expect(client.getQueryState(lists)?.isInvalidated).toBe(true)
  })

  it('renews the run in every cached answer that holds it', () => {
    const client = new QueryClient()
    const ref = { runId: running.runId, factory: running.factory }
    const lists = runsQuery({}).queryKey
    client.setQueryData(lists, {
      pages: [{ ...sampleRunPage([running]), bounds: {} }],
      pageParams: [{ cursor: null, bounds: null }],
    })
    client.setQueryData(runQuery(ref).queryKey, sampleRunDetail(running))
    client.setQueryData(groupQuery(ref).queryKey, { items: [running], nextCursor: null })
    client.setQueryData(
      overviewQuery({}).queryKey,
      sampleOverview({ running: { count: 1, items: [running] } }),
    )

    patchRun(client, failed)

    expect(client.getQueryData(lists)?.pages[0]?.items[0]?.status).toBe('Failed')
    const detail = client.getQueryData(runQuery(ref).queryKey)
    expect([detail?.status, detail?.parameters]).toEqual(['Failed', { day: '2026-11-24' }])
    expect(client.getQueryData(groupQuery(ref).queryKey)?.items[0]?.status).toBe('Failed')
    expect(client.getQueryData(overviewQuery({}).queryKey)?.running.items[0]?.status).toBe('Failed')
  })

  it('leaves code and child run in the cause of the page, which an event does not know', () => {
    const client = new QueryClient()
    const { queryKey } = runQuery({ runId: failed.runId, factory: failed.factory })
    const cause = sampleCause({ text: failed.cause?.text ?? null, code: '2200' })
    client.setQueryData(queryKey, sampleRunDetail({ ...failed, cause }))
    const recovery = sampleRecovery('recovered')
    patchRun(client, { ...failed, recovery })
    expect(client.getQueryData(queryKey)).toMatchObject({ cause: { code: '2200' }, recovery })

    const other = sampleCause({ text: 'another' })
    patchRun(client, { ...failed, message: 'another', cause: other })
    expect(client.getQueryData(queryKey)?.cause).toEqual(other)
  })

  it('keeps answers that do not hold it the same objects, so that nothing is drawn again', () => {
    const client = new QueryClient()
    const ref = { runId: 'other' }
    const overview = sampleOverview()
    const activities = {
      items: [],
      nextCursor: null,
      state: 'complete',
      reason: null,
      asOf: null,
    } as const
    client.setQueryData(overviewQuery({}).queryKey, overview)
    client.setQueryData(activitiesQuery(ref).queryKey, { ...activities, items: [] })
    const before = client.getQueryData(activitiesQuery(ref).queryKey)
    patchRun(client, failed)
    expect(client.getQueryData(overviewQuery({}).queryKey)).toBe(overview)
    expect(client.getQueryData(activitiesQuery(ref).queryKey)).toBe(before)
  })
})

describe('an answer that an event is written into', () => {
  it('stays as old, as failed and as much to be read again as it was, because nothing was read', async () => {
    const client = new QueryClient()
    const { queryKey } = runQuery({ runId: running.runId, factory: running.factory })
    client.setQueryData(queryKey, sampleRunDetail(running), { updatedAt: 42 })
    const queryFn = () => Promise.reject(new Error('down'))
    await expect(client.fetchQuery({ queryKey, queryFn, retry: false })).rejects.toThrow('down')

    patchRun(client, failed)

    expect(client.getQueryState(queryKey)).toMatchObject({
      data: { status: 'Failed' },
      dataUpdatedAt: 42,
      error: { message: 'down' },
      status: 'error',
      isInvalidated: true,
    })
  })

  it('keeps what was written when a read under way is given up', async () => {
    const client = new QueryClient()
    const { queryKey } = runQuery({ runId: running.runId, factory: running.factory })
    client.setQueryData(queryKey, sampleRunDetail(running), { updatedAt: 42 })
    const never = () => new Promise<never>(() => {})
    const read = client.fetchQuery({ queryKey, queryFn: never }).catch(() => {})
    patchRun(client, failed)
    await client.cancelQueries({ queryKey })
    await read
    expect(client.getQueryData(queryKey)?.status).toBe('Failed')
  })
})

describe('patchFactory', () => {
  it('renews a factory, and adds one that is new', () => {
    const client = new QueryClient()
    client.setQueryData(factoriesKey, sampleFactories())
    patchFactory(client, sampleFactory({ state: 'stale' }))
    patchFactory(client, sampleFactory({ factory: 'new', name: 'new-prod' }))
    const { items } = client.getQueryData(factoriesQuery().queryKey) ?? { items: [] }
    expect(items.map((f) => [f.name, f.state])).toEqual([
      ['sales-prod', 'stale'],
      ['new-prod', 'fresh'],
    ])
  })

  it('leaves the list as old as it was, because it says nothing of the sources', () => {
    const client = new QueryClient()
    client.setQueryData(factoriesKey, sampleFactories(), { updatedAt: 42 })
    patchFactory(client, sampleFactory({ runs: 11 }))
    const state = client.getQueryState<FactoryList>(factoriesKey)
    expect([state?.data?.items[0]?.runs, state?.dataUpdatedAt]).toEqual([11, 42])
  })

  it('tells whether the state is another than before', () => {
    const client = new QueryClient()
    client.setQueryData(factoriesKey, sampleFactories())
    const later = sampleFactory({ asOf: '2026-11-24T02:14:06Z' })
    expect(patchFactory(client, later), 'only newer').toBe(false)
    expect(patchFactory(client, { ...later, state: 'stale' })).toBe(true)
    expect(patchFactory(client, { ...later, factory: 'new' })).toBe(true)
  })
})
