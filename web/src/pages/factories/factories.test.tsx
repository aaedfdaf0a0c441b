import { act, screen, waitFor, within } from '@testing-library/react'
import { http } from 'msw'
import { describe, expect, it } from 'vitest'
import { renderApp } from '../../testing/render'
import {
  sampleCollected,
  sampleFactories,
  sampleFactory,
  sampleSource,
} from '../../testing/samples'
import { problem, server } from '../../testing/server'
import {
  broken,
  dw,
  fresh,
  names,
  open,
  rowOf,
  serve,
  table,
  troubled,
  two,
  twoCollected,
} from './scene'

describe('the table', () => {
  it('says in a sentence, and row by row, how complete the board is', async () => {
    serve(two, twoCollected)
    await open()
    const heading = await screen.findByRole('heading', { level: 1 })
    await waitFor(() => expect(heading.textContent).toBe('All 2 factories are fresh'))
    const said = (await rowOf('sales-prod')).textContent?.replaceAll('\u00a0', ' ')
    for (const words of ['Fresh', 'Covered from 3 Oct to now', '4 s ago', '214']) {
      expect(said).toContain(words)
    }
    const foot = within(await table())
      .getAllByRole('row')
      .at(-1)
    expect(foot?.textContent).toContain('2')
    expect(foot?.textContent).toContain('221')
  })

  it('leads to the runs of a factory', async () => {
    serve(two, twoCollected)
    const { user, router } = await open('&range=7d&order=name&details=dw-1')
    await user.click(within(await table()).getByRole('link', { name: 'sales-prod' }))
    await waitFor(() => expect(router.state.location.pathname).toBe('/runs'))
    const search = new URLSearchParams(router.state.location.searchStr)
    expect(Object.fromEntries(search)).toEqual({
      factory: fresh.factory,
      range: '7d',
      zone: 'utc',
    })
  })

  it('is sorted by a press on a head, the other way by the next, and as before by the third', async () => {
    serve(two, twoCollected)
    const { user, router } = await open()
    const runs = within(await table()).getByRole('button', { name: /^Runs/ })
    expect(await names()).toEqual(['dw-prod', 'sales-prod'])
    await user.click(runs)
    await waitFor(() => expect(router.state.location.search).toMatchObject({ order: '-runs' }))
    await waitFor(async () => expect(await names()).toEqual(['sales-prod', 'dw-prod']))
    await user.click(runs)
    await waitFor(async () => expect(await names()).toEqual(['dw-prod', 'sales-prod']))
    expect(router.state.location.search).toMatchObject({ order: 'runs' })
    await user.click(runs)
    await waitFor(() => expect(router.state.location.search).not.toHaveProperty('order'))
  })

  it('counts the runs of the range, and those of all history by the factories', async () => {
    const asked = serve(two, twoCollected)
    await open('&from=2026-11-23T18:00:00Z&to=2026-11-24T00:00:00Z')
    await waitFor(() =>
      expect(asked.collection[0]?.toString()).toBe(
        new URLSearchParams({
          from: '2026-11-23T18:00:00Z',
          to: '2026-11-24T00:00:00Z',
        }).toString(),
      ),
    )
  })

  it('asks for no range where all history is shown', async () => {
    const asked = serve(two, twoCollected)
    await open('&range=all')
    await waitFor(() => expect(asked.collection[0]?.toString()).toBe(''))
    expect((await rowOf('dw-prod')).textContent).toContain('99')
  })

  it('shows the gaps of a factory when its bar has the focus, and opens it', async () => {
    const gap = {
      from: '2026-11-20T00:00:00Z',
      to: '2026-11-21T00:00:00Z',
      reason: 'Azure had forgotten it',
    }
    const holed = { ...fresh, coverage: { ...fresh.coverage, gaps: [gap] } }
    serve(sampleFactories([holed]), [sampleCollected()])
    const { user, router } = await open()
    const bar = await screen.findByRole('button', {
      name: /Coverage of sales-prod: Covered from .*Missing: .*Azure had forgotten it/,
    })
    act(() => bar.focus())
    await waitFor(() => expect(screen.getAllByText(/Azure had forgotten it/).length).toBe(1))
    await user.click(bar)
    await waitFor(() =>
      expect(router.state.location.search).toMatchObject({ details: fresh.factory }),
    )
  })

  it('is narrowed to the factories of the scope, and says when none is left', async () => {
    serve(troubled)
    const { user, router } = await open('&factory=sales-prod-3f2a')
    expect(await names()).toEqual(['sales-prod'])
    expect(screen.queryByRole('region', { name: /^Source / })).toBeNull()
    await act(() => router.navigate({ to: '/factories', search: { factory: ['gone'] } }))
    await user.click(await screen.findByRole('button', { name: 'Show all factories' }))
    await waitFor(async () => expect(await names()).toEqual(['lq-logistics', 'sales-prod']))
  })

  it('is two-line cards on a narrow screen, which open as well', async () => {
    window.innerWidth = 390
    serve(two, twoCollected)
    const { user, router } = await open()
    const list = await screen.findByRole('list', { name: 'Factories' })
    const [first] = within(list).getAllByRole('listitem')
    expect(first?.textContent).toContain('7 runs, last')
    await user.click(within(list).getByRole('button', { name: 'Details of dw-prod' }))
    await waitFor(() => expect(router.state.location.search).toMatchObject({ details: 'dw-1' }))
    const details = await screen.findByRole('region', { name: 'Details of dw-prod' })
    await user.click(within(details).getByText('History'))
    expect(router.state.location.search, 'a click inside does not close').toMatchObject({
      details: 'dw-1',
    })
    expect(screen.getByText(/^2 factories, /).textContent).toContain('2 factories, 221')
  })

  it('counts one factory and one run as one', async () => {
    window.innerWidth = 390
    serve(sampleFactories([dw]), [sampleCollected({ factory: 'dw-1', runs: 1 })])
    await open()
    const list = await screen.findByRole('list', { name: 'Factories' })
    await waitFor(() => expect(list.textContent).toContain('1 run, last'))
    expect(screen.getByText(/^1 factory, /).textContent).toContain('1 factory, 1 run, last')
  })

  it('follows freshness as it comes in, and asks for the roll-up and the sources again', async () => {
    const asked = serve(two, twoCollected)
    const { stream } = await open()
    await table()
    const late = { ...dw, state: 'stale' as const }
    await waitFor(() => expect(asked.collection.length).toBeGreaterThan(0))
    const after = serve(sampleFactories([fresh, late]), twoCollected)
    act(() => stream().send('freshness', late))
    await screen.findByRole('heading', { level: 1, name: /1 of 2 factories is fresh/ })
    await waitFor(() => expect(after.collection.length).toBeGreaterThan(0))
    await waitFor(() => expect(after.factories).toBeGreaterThan(0))
  })
})

describe('the four states', () => {
  it('fails in place and tries again', async () => {
    server.use(
      http.get('*/api/v1/factories', () => problem(503, 'Not available', 'The disk is full.')),
    )
    const { user } = await open()
    const alert = await screen.findByRole('alert')
    expect(alert.textContent).toContain('The disk is full.')
    serve(two, twoCollected)
    await user.click(within(alert).getByRole('button', { name: 'Try again' }))
    await table()
  })

  it('lives on without the roll-up', async () => {
    serve(two)
    server.use(http.get('*/api/v1/collection', () => problem(503, 'Not available', 'It is busy.')))
    const { user } = await open()
    const alert = await screen.findByRole('alert')
    expect(alert.textContent).toContain('It is busy.')
    expect(await names()).toEqual(['dw-prod', 'sales-prod'])
    serve(two, twoCollected)
    await user.click(within(alert).getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull())
  })

  it('says what to do when the identity may read no factory', async () => {
    serve(sampleFactories([]))
    await open()
    await screen.findByRole('heading', { level: 1, name: 'No factory is known' })
    expect(await screen.findByText('The identity may read no factory')).toBeTruthy()
    expect(screen.getByText(/^az role assignment create/)).toBeTruthy()
  })

  it('says what to do when nothing is stored, and nobody asks or nobody asked yet', async () => {
    serve({ ...sampleFactories([], []), pollSeconds: null })
    const { queryClient } = await open()
    expect(await screen.findByText(/started with --no-collect/)).toBeTruthy()
    serve(sampleFactories([], []))
    await act(() => queryClient.refetchQueries({ queryKey: ['factories'] }))
    expect(await screen.findByText(/^Nothing has been collected or imported yet/)).toBeTruthy()
  })

  it('does not say that no window was completed while that is not known', async () => {
    serve(two)
    server.use(http.get('*/api/v1/collection', () => problem(503, 'Not available')))
    await open()
    await screen.findByRole('alert')
    expect(screen.queryByTitle('No window was completed in the last 24 h')).toBeNull()
    expect(screen.getAllByTitle('How late it was is not known yet')).toHaveLength(2)
  })

  it('says that collecting is off, and offers neither checks nor rereads', async () => {
    const idle = sampleFactory({ state: 'not collected' })
    serve(sampleFactories([idle], [sampleSource({ state: 'not collected' })]), [sampleCollected()])
    await open(`&details=${idle.factory}`)
    await screen.findByRole('heading', { level: 1, name: /^Collecting is off/ })
    expect(
      await screen.findByText('This server does not ask Azure about this factory.'),
    ).toBeTruthy()
    expect(screen.queryByRole('button', { name: /^Check/ })).toBeNull()
  })
})

describe('the ways to the page', () => {
  it('are the rail with its count, the keys, the palette and the list of freshness', async () => {
    serve(troubled)
    const { user, router } = await renderApp('/')
    const path = () => router.state.location.pathname
    await user.click(await screen.findByRole('link', { name: /^Factories\s*1 not fresh$/ }))
    await waitFor(() => expect(path()).toBe('/factories'))
    await user.keyboard('go')
    await waitFor(() => expect(path()).toBe('/'))
    await user.keyboard('ga')
    await waitFor(() => expect(path()).toBe('/factories'))
    await user.keyboard('go')
    await waitFor(() => expect(path()).toBe('/'))
    await user.keyboard('{Control>}k{/Control}')
    const field = await screen.findByRole('combobox', { name: 'Search or jump to…' })
    await waitFor(() => expect(document.activeElement).toBe(field))
    await user.type(field, 'factories{Enter}')
    await waitFor(() => expect(path()).toBe('/factories'))
    await user.keyboard('go')
    await waitFor(() => expect(path()).toBe('/'))
    await user.click(await screen.findByRole('button', { name: /stale/ }))
    await user.click(await screen.findByRole('link', { name: 'Coverage, lag and checks' }))
    await waitFor(() => expect(path()).toBe('/factories'))
    await waitFor(() => expect(screen.queryByRole('dialog', { name: 'Freshness' })).toBeNull())
  })

  it('count sources in trouble where no factory is late', async () => {
    serve(sampleFactories([], [broken]))
    await renderApp('/')
    await screen.findByRole('link', { name: /^Factories\s*1 sources? in trouble$/ })
  })
})
