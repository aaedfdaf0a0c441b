import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { offlineAfter } from '../../live/connection'
import { sampleCollection, sampleNow } from '../../testing/samples'
import { problem, server } from '../../testing/server'
import { names, open, rowOf, serve, table, two, twoCollected } from './scene'

afterEach(() => void vi.useRealTimers())

function heading() {
  return screen.getByRole('heading', { level: 1 }).textContent
}

function banner(words: RegExp | string) {
  return screen.findByText((_, element) => {
    const isBanner = element?.getAttribute('role') === 'status'
    const said = isBanner ? (element.textContent ?? '') : ''
    return typeof words === 'string' ? said.includes(words) : words.test(said)
  })
}

function refuse(path: string) {
  server.use(http.get(`*/api/v1/${path}`, () => problem(503, 'Not available', 'It is busy.')))
}

describe('the page without live updates', () => {
  async function openAndLose() {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      shouldAdvanceTime: true,
      // What is read now was read before the app's clock, which stands still, says that the stream is lost.
      now: sampleNow - 40_000,
    })
    const asked = serve(two, twoCollected)
    const app = await open()
    await table()
    await waitFor(() => expect(app.queryClient.isFetching()).toBe(0))
    const stream = app.stream()
    act(() => stream.lose())
    expect(heading(), 'a short break is nothing yet').toBe('All 2 factories are fresh')
    return { ...app, stream, asked }
  }

  it('says until when it knew, as long as the server does not answer', async () => {
    const { stream } = await openAndLose()
    await act(() => vi.advanceTimersByTimeAsync(offlineAfter))
    expect(heading()).toBe('As of 02:14:07: All 2 factories are fresh')
    await banner('Live updates lost at 02:14:07. The Andon server does not answer')
    act(() => stream.accept())
    await waitFor(() => expect(heading()).toBe('All 2 factories are fresh'))
    expect(screen.queryByText(/^Live updates lost/)).toBeNull()
  })

  it('is read again each minute where only the stream does not come through', async () => {
    const { asked } = await openAndLose()
    const before = { factories: asked.factories, collection: asked.collection.length }
    await act(() => vi.advanceTimersByTimeAsync(65_000))
    await banner('This page is read again each minute instead.')
    expect(heading()).toMatch(/^As of 02:14:[23]\d: All 2 factories are fresh$/)
    expect(asked.factories).toBe(before.factories + 1)
    expect(asked.collection.length).toBe(before.collection + 1)
  })
})

describe('what could not be read again', () => {
  async function openAndRefuse(...paths: string[]) {
    serve(two, twoCollected)
    const app = await open()
    await waitFor(async () => expect((await rowOf('sales-prod')).textContent).toContain('214'))
    for (const path of paths) refuse(path)
    await act(() => app.queryClient.refetchQueries())
    return app
  }

  it('stays, and the headline says as of when it is', async () => {
    const { user } = await openAndRefuse('factories')
    const box = await banner('This may be old. The factories could not be read again')
    expect(heading()).toMatch(/^As of .*: All 2 factories are fresh$/)
    expect(await names()).toEqual(['dw-prod', 'sales-prod'])
    serve(two, twoCollected)
    await user.click(within(box).getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(heading()).toBe('All 2 factories are fresh'))
    expect(screen.queryByText('This may be old.')).toBeNull()
  })

  it('is said of the figures too', async () => {
    const { user } = await openAndRefuse('collection')
    const box = await banner('This may be old. Runs, lag and requests could not be read again')
    expect(heading()).toBe('All 2 factories are fresh')
    expect((await rowOf('sales-prod')).textContent).toContain('214')
    serve(two, twoCollected)
    await user.click(within(box).getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(screen.queryByText('This may be old.')).toBeNull())
  })

  it('is said once where nothing could be read', async () => {
    await openAndRefuse('factories', 'collection')
    await banner('This may be old. Nothing here could be read again')
    expect(screen.getAllByText('This may be old.')).toHaveLength(1)
  })

  it('is nothing that an event of one factory makes new', async () => {
    const { stream } = await openAndRefuse('factories')
    await banner('This may be old.')
    act(() => stream().send('freshness', two.items[0]))
    expect(screen.getByText('This may be old.')).toBeTruthy()
  })
})

describe('another range', () => {
  it('shows the runs of the one before as such until it is counted', async () => {
    serve(two, twoCollected)
    const { router } = await open()
    const runs = async () => within(await rowOf('sales-prod')).getByText('214')
    expect((await runs()).getAttribute('aria-busy')).toBe('false')
    let count = () => {}
    const counted = new Promise<void>((resolve) => {
      count = resolve
    })
    server.use(
      http.get('*/api/v1/collection', async () => {
        await counted
        return HttpResponse.json(sampleCollection(twoCollected.map((f) => ({ ...f, runs: 999 }))))
      }),
    )
    await act(() => router.navigate({ to: '/factories', search: { range: '7d' } }))
    await waitFor(async () => expect((await runs()).getAttribute('aria-busy')).toBe('true'))
    act(() => count())
    await waitFor(async () => expect((await rowOf('sales-prod')).textContent).toContain('999'))
    expect(within(await table()).queryByText('214')).toBeNull()
  })
})
