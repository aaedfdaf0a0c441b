import { QueryClientProvider, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { collectionQuery } from '../api/collection'
import { factoriesQuery } from '../api/factories'
import { overviewQuery } from '../api/overview'
import { runsQuery } from '../api/runs'
import type { FactoryList } from '../api/types'
import { createQueryClient } from '../app/app'
import type { RunFilter } from '../search/schema'
import { FakeEventSource } from '../testing/event-source'
import {
  sampleCollection,
  sampleFactories,
  sampleFactory,
  sampleFailure,
  sampleOverview,
  sampleRun,
  sampleRunPage,
  sampleSource,
} from '../testing/samples'
import { server } from '../testing/server'
import { LiveProvider, useConnection } from './live'
import { useLiveRuns } from './use-live-runs'

const filter: RunFilter = { range: 'all', status: ['Failed'] }
const listed = sampleFailure({ runId: 'listed', pipelineName: 'listed' })
const later = { runStart: '2026-11-24T02:10:00Z', lastUpdated: '2026-11-24T02:10:00Z' }

function Board({ hold }: { hold: boolean }) {
  const runs = useInfiniteQuery(runsQuery(filter))
  const { waiting, show } = useLiveRuns(filter, hold)
  const connection = useConnection()
  useQuery(overviewQuery({}))
  useQuery(collectionQuery({}))
  const factories = useQuery(factoriesQuery())
  const rows = runs.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <output>{connection.state}</output>
      <ul>
        {rows.map((run) => (
          <li key={run.runId}>
            {run.pipelineName} {run.status}
          </li>
        ))}
      </ul>
      <p>{factories.data?.items.map((factory) => factory.state)}</p>
      <button type="button" onClick={show}>
        {waiting} new
      </button>
    </>
  )
}

async function renderBoard(hold = false) {
  const asked = { overview: 0, runs: 0, collection: 0 }
  server.use(
    http.get('*/api/v1/overview', () => {
      asked.overview++
      return HttpResponse.json(sampleOverview())
    }),
    http.get('*/api/v1/collection', () => {
      asked.collection++
      return HttpResponse.json(sampleCollection())
    }),
    http.get('*/api/v1/runs', () => {
      asked.runs++
      return HttpResponse.json(sampleRunPage([listed]))
    }),
  )
  const client = createQueryClient()
  const board = (held: boolean) => (
    <QueryClientProvider client={client}>
      <LiveProvider>
        <Board hold={held} />
      </LiveProvider>
    </QueryClientProvider>
  )
  const { rerender } = render(board(hold))
  const stream = FakeEventSource.opened.at(-1)
  if (!stream) throw new Error('no stream was opened')
  act(() => stream.accept())
  await screen.findByText('listed Failed')
  await waitFor(() => expect(asked.overview).toBe(1))
  return { stream, asked, release: () => rerender(board(false)), user: userEvent.setup() }
}

/** What the server answers from now on, and how often it is asked. */
function serveFactories(list: FactoryList) {
  const asked = { count: 0 }
  server.use(
    http.get('*/api/v1/factories', () => {
      asked.count++
      return HttpResponse.json(list)
    }),
  )
  return asked
}

function rows(): (string | null)[] {
  return screen.getAllByRole('listitem').map((item) => item.textContent)
}

/** Lets time be passed by hand; it goes on by itself as well, so that answers come. */
function holdTime() {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const
  vi.useFakeTimers({ toFake: [...toFake], shouldAdvanceTime: true })
}

/** Passes time, with an event each second of it. */
async function pass(seconds: number, send: () => void) {
  for (let n = 0; n < seconds; n++) {
    act(send)
    await act(() => vi.advanceTimersByTimeAsync(1_000))
  }
}

afterEach(() => void vi.useRealTimers())

describe('the live stream', () => {
  it('renews a listed run in place, and keeps it when it no longer matches', async () => {
    const { stream } = await renderBoard()
    act(() => stream.send('run', { ...listed, status: 'Succeeded' }))
    await waitFor(() => expect(rows()).toEqual(['listed Succeeded']))
  })

  it('puts a new run that matches into the list, and no other', async () => {
    const { stream } = await renderBoard()
    act(() => {
      stream.send('run', sampleFailure({ runId: 'new', pipelineName: 'new', ...later }))
      stream.send('run', sampleRun({ runId: 'good', pipelineName: 'good', ...later }))
    })
    await waitFor(() => expect(rows()).toEqual(['new Failed', 'listed Failed']))
  })

  it('lets new runs wait while somebody reads, and shows them when asked', async () => {
    const { stream, user } = await renderBoard(true)
    act(() => {
      stream.send('run', sampleFailure({ runId: 'new', pipelineName: 'new', ...later }))
      stream.send('run', sampleFailure({ runId: 'new', pipelineName: 'new', ...later }))
    })
    expect(rows()).toEqual(['listed Failed'])
    await user.click(await screen.findByRole('button', { name: '1 new' }))
    await waitFor(() => expect(rows()).toEqual(['new Failed', 'listed Failed']))
    expect(screen.getByRole('button', { name: '0 new' })).toBeTruthy()
  })

  it('shows what waited once nobody reads any more', async () => {
    const { stream, release } = await renderBoard(true)
    act(() => stream.send('run', sampleFailure({ runId: 'new', pipelineName: 'new', ...later })))
    await screen.findByRole('button', { name: '1 new' })
    release()
    await waitFor(() => expect(rows()).toEqual(['new Failed', 'listed Failed']))
  })

  it('drops a waiting run that no longer matches', async () => {
    const { stream } = await renderBoard(true)
    const run = sampleFailure({ runId: 'new', ...later })
    act(() => stream.send('run', run))
    await screen.findByRole('button', { name: '1 new' })
    act(() => stream.send('run', { ...run, status: 'Succeeded' }))
    await screen.findByRole('button', { name: '0 new' })
  })

  it('asks for roll-ups once for a hundred events in a moment', async () => {
    const { stream, asked } = await renderBoard()
    act(() => {
      for (let n = 0; n < 100; n++) stream.send('run', sampleRun({ runId: `run-${n}`, ...later }))
    })
    await waitFor(() => expect(asked.overview).toBeGreaterThan(1))
    expect(asked.overview).toBeLessThanOrEqual(3)
    expect(asked.runs, 'lists are patched, not asked for again').toBe(1)
  })

  it('writes freshness into the list of factories', async () => {
    const { stream } = await renderBoard()
    await screen.findByText('fresh')
    const asked = serveFactories(sampleFactories([sampleFactory({ state: 'stale' })]))
    act(() => stream.send('freshness', sampleFactory({ state: 'stale' })))
    await screen.findByText('stale')
    await waitFor(() => expect(asked.count, 'the sources may have changed with it').toBe(1))
    act(() => stream.send('freshness', sampleFactory({ state: 'stale', runs: 11 })))
    expect(asked.count, 'no other state, no other sources').toBe(1)
  })

  it('learns within a minute of a source that broke while its factories poll well', async () => {
    holdTime()
    const { stream } = await renderBoard()
    await screen.findByText('fresh')
    const fresh = sampleFactory()
    const asked = serveFactories(sampleFactories([fresh], [sampleSource({ state: 'error' })]))
    const poll = () => stream.send('freshness', fresh)
    await pass(50, poll)
    expect(asked.count, 'an event is no reason to ask').toBe(0)
    await pass(15, poll)
    await waitFor(() => expect(asked.count).toBeGreaterThan(0))
    const before = asked.count
    await pass(30, poll)
    expect(asked.count - before, 'each five seconds while it is broken').toBeGreaterThan(3)
    expect(asked.count - before).toBeLessThan(9)
  })

  it('asks what collecting takes four times a minute at most, whatever comes', async () => {
    holdTime()
    const { stream, asked } = await renderBoard()
    const before = asked.collection
    await pass(29, () => stream.send('run', sampleRun({ runId: 'x', ...later })))
    expect(asked.collection - before).toBeGreaterThan(0)
    expect(asked.collection - before).toBeLessThanOrEqual(3)
  })

  it('reads everything again after a reset', async () => {
    const { stream, asked } = await renderBoard()
    act(() => stream.send('reset', { reason: 'the id is too old' }))
    await waitFor(() => expect([asked.overview, asked.runs]).toEqual([2, 2]))
  })

  it('says when it is lost and back', async () => {
    const { stream } = await renderBoard()
    expect(screen.getByRole('status').textContent).toBe('live')
    act(() => stream.lose())
    expect(screen.getByRole('status').textContent).toBe('reconnecting')
    act(() => stream.accept())
    expect(screen.getByRole('status').textContent).toBe('live')
  })
})
