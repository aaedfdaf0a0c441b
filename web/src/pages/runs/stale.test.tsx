import { act, screen, waitFor } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { Basis } from '../../api/types'
import { renderApp } from '../../testing/render'
import {
  sampleBasis,
  sampleFacets,
  sampleLimits,
  sampleRun,
  sampleRunPage,
} from '../../testing/samples'
import { problem, server } from '../../testing/server'

const heading = () => screen.getByRole('heading', { level: 1 }).textContent ?? ''
const page = () => screen.getByRole('main').textContent ?? ''

function refuse(path: string) {
  server.use(http.get(`*/api/v1/${path}`, () => problem(503, 'Not available', 'It is busy.')))
}

function serve(runs = [sampleRun()], basis: Partial<Basis> = {}) {
  const answer = { ...sampleRunPage(runs), basis: sampleBasis(basis) }
  const facets = sampleFacets({ total: runs.length, basis: sampleBasis(basis) })
  server.use(
    http.get('*/api/v1/runs', () => HttpResponse.json(answer)),
    http.get('*/api/v1/runs/facets', () => HttpResponse.json(facets)),
  )
}

/** The paths answer once they are given. */
function hold(...paths: string[]) {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  for (const path of paths) {
    server.use(
      http.get(`*/api/v1/${path}`, async () => {
        await given
        return HttpResponse.json(path === 'runs' ? sampleRunPage([sampleRun()]) : sampleFacets())
      }),
    )
  }
  return () => give()
}

describe('a list that could not be read again', () => {
  it('says as of when it is, and not that no more match', async () => {
    serve()
    const { queryClient, user, stream } = await renderApp('/runs?zone=utc')
    await screen.findByText('1 shown, no more match')
    refuse('runs')
    await act(() => queryClient.refetchQueries())
    await screen.findByText('This may be old.')
    expect(page()).toContain('The list of runs could not be read again: Not available')
    expect(page()).toMatch(/1 shown, as of \S/)
    expect(page()).not.toContain('no more match')
    act(() => stream().send('run', sampleRun({ lastUpdated: '2026-11-24T02:14:06Z' })))
    expect(page()).not.toContain('no more match')
    expect(screen.getByText('This may be old.')).toBeTruthy()
    serve()
    await user.click(screen.getByRole('button', { name: 'Try again' }))
    await screen.findByText('1 shown, no more match')
    expect(screen.queryByText('This may be old.')).toBeNull()
  })

  it('is not one of which an older page could not be read, nor after the way back', async () => {
    const other = sampleRun({ runId: 'other', pipelineName: 'pl_other' })
    const older = { fails: true, asked: 0 }
    server.use(
      http.get('*/api/v1/runs', ({ request }) => {
        const cursor = new URL(request.url).searchParams.get('cursor')
        if (!cursor) return HttpResponse.json(sampleRunPage([sampleRun()], 'older'))
        older.asked++
        if (older.fails) return problem(503, 'Not available', 'It is busy.')
        return HttpResponse.json(sampleRunPage([other]))
      }),
    )
    const { queryClient, router, user, stream } = await renderApp('/runs?zone=utc')
    await screen.findByText('Older runs could not be read.')
    expect(screen.queryByText('This may be old.')).toBeNull()
    expect(older.asked, 'it is not asked for again and again').toBe(1)
    act(() => stream().send('run', sampleRun({ lastUpdated: '2026-11-24T02:14:06Z' })))
    const there = () => act(() => router.navigate({ to: '/factories' }))
    const back = () => act(() => router.navigate({ to: '/runs' }))
    await there()
    await back()
    await screen.findByRole('region', { name: 'Runs' })
    expect(screen.queryByText('This may be old.')).toBeNull()

    await waitFor(() => expect(queryClient.isFetching()).toBe(0))
    older.fails = false
    await user.click(await screen.findByRole('button', { name: 'Try again' }))
    await screen.findByText('pl_other')
    await there()
    await back()
    await screen.findByText('pl_other')
    expect(screen.queryByText('This may be old.')).toBeNull()
  })

  it('keeps its count as one of then', async () => {
    serve()
    const { queryClient } = await renderApp('/runs?zone=utc')
    await waitFor(() => expect(heading()).toBe('1 run'))
    refuse('runs/facets')
    await act(() => queryClient.refetchQueries())
    await screen.findByText('This may be old.')
    expect(heading()).toMatch(/^As of .*: 1 run$/)
  })
})

it('what another choice finds is loading until it is read, and nothing is said of it', async () => {
  serve([])
  const { user } = await renderApp('/runs?zone=utc&status=Failed')
  await screen.findByText('No run in this time range matches the filters')
  const give = hold('runs', 'runs/facets')
  await user.click(screen.getByRole('button', { name: 'Search all history' }))
  await screen.findByText('Loading runs')
  expect(heading()).toBe('Reading all history …')
  expect(page()).not.toMatch(/No run/)
  act(() => give())
  await screen.findByText('1 shown, no more match')
})

it('rows of the choice before say that they are', async () => {
  serve()
  const { router } = await renderApp('/runs?zone=utc')
  await screen.findByText('1 shown, no more match')
  const give = hold('runs', 'runs/facets')
  await act(() => router.navigate({ to: '/runs', search: { range: '7d' } }))
  expect(heading()).toBe('Reading the last 7\u00a0days …')
  expect(screen.getByText('1 shown, of the previous choice')).toBeTruthy()
  expect(screen.getByRole('region', { name: 'Runs' }).getAttribute('aria-busy')).toBe('true')
  act(() => give())
  await screen.findByText('1 shown, no more match')
})

describe('an empty list', () => {
  it('begins with what limits it, though the range is covered', async () => {
    const reason = '1 of 2 sources can be read'
    serve([], { ...sampleLimits({ kind: 'neverRead', reason }), covered: 'yes' })
    await renderApp('/runs?zone=utc')
    await screen.findByText(`${reason}: no run is known`)
    expect(page()).not.toContain('No run started')
  })

  it('has words where it is not certain what is covered', async () => {
    serve([], { covered: 'partly', reason: null })
    await renderApp('/runs?zone=utc')
    await screen.findByText('No run is known')
    expect(page()).toContain('How much of this time range is covered is not certain.')
    expect(page()).not.toContain('null')
  })
})
