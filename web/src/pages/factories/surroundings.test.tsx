import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import { FakeEventSource } from '../../testing/event-source'
import { sampleFactories, sampleRun, sampleSurroundings } from '../../testing/samples'
import { problem, server } from '../../testing/server'
import { fresh, open, serve } from './scene'

const path = '*/api/v1/factories/:factory/surroundings'

async function opened() {
  serve(sampleFactories([fresh]))
  const { user } = await open(`&details=${fresh.factory}`)
  const part = await screen.findByRole('region', { name: 'Definitions and surroundings' })
  return { user, part: within(part) }
}

function streamOf(): FakeEventSource {
  const stream = FakeEventSource.opened.at(-1)
  if (!stream) throw new Error('no stream was opened')
  return stream
}

describe('what stands around the runs', () => {
  it('says how old each kind is, and why one is not known', async () => {
    server.use(
      http.get(path, () =>
        HttpResponse.json(
          sampleSurroundings('2026-11-24T02:11:07Z', {
            kind: 'triggers',
            asOf: null,
            trouble: {
              kind: 'forbidden',
              what: 'the identity may not read triggers',
              where: 'triggers',
              advice: 'grant it',
              command: 'az role assignment create',
              at: '2026-11-24T02:13:55Z',
              retryAt: null,
            },
          }),
        ),
      ),
    )
    const { part } = await opened()
    await waitFor(() => expect(part.getAllByText(/as of/)).toHaveLength(4))
    expect(part.getByText('never read')).toBeTruthy()
    expect(part.getByText('The identity may not read triggers.')).toBeTruthy()
    expect(part.getByText('az role assignment create')).toBeTruthy()
  })

  it('has them read now, and asks until all of it came where no stream is', async () => {
    let asked = 0
    let read = 0
    const before = sampleSurroundings('2026-11-24T02:00:07Z')
    server.use(
      http.post(path, ({ request }) => {
        if (request.headers.get('content-type') !== 'application/json') return problem(415, 'No')
        asked += 1
        return HttpResponse.json(before, { status: 202 })
      }),
      http.get(path, () => {
        if (asked > 0) read += 1
        return HttpResponse.json(read > 1 ? sampleSurroundings('2026-11-24T02:14:06Z') : before)
      }),
    )
    const { user, part } = await opened()
    const button = () => part.getByRole('button', { name: /the surroundings of/ })
    await waitFor(() => expect(part.getAllByText(/as of/)).toHaveLength(5))
    act(() => streamOf().lose())
    await user.click(button())
    await waitFor(() => expect(button().textContent).toContain('Reading …'))
    await user.click(button())
    await waitFor(() => expect(button().textContent).toContain('Read now'), { timeout: 5_000 })
    expect([asked, read]).toEqual([1, 2])
  })

  it('follows the live stream while it is up', async () => {
    let asOf = '2026-11-24T02:00:07Z'
    let read = 0
    server.use(
      http.get(path, () => {
        read += 1
        return HttpResponse.json(sampleSurroundings(asOf))
      }),
    )
    const { part } = await opened()
    await waitFor(() => expect(part.getAllByText('14 m')).toHaveLength(5))
    const before = read
    asOf = '2026-11-24T02:13:07Z'
    act(() => {
      streamOf().send('resource', { factory: 'another', kind: 'triggers' })
      streamOf().send('run', sampleRun())
    })
    expect(read, 'nothing of this factory').toBe(before)
    act(() => streamOf().send('resource', { factory: fresh.factory, kind: 'triggers' }))
    await waitFor(() => expect(part.getAllByText('1 m')).toHaveLength(5), { timeout: 5_000 })
    expect(read).toBe(before + 1)
  })

  it('says why they cannot be read', async () => {
    server.use(
      http.get(path, () => problem(503, 'The store is locked')),
      http.post(path, () => problem(409, 'The surroundings can’t be read')),
    )
    const { user, part } = await opened()
    const alert = await part.findByText(/How old they are could not be read/, undefined, {
      timeout: 10_000,
    })
    expect(alert.textContent).toContain('The store is locked')
    expect(part.getAllByText('–')).toHaveLength(5)
    await user.click(part.getByRole('button', { name: /the surroundings of/ }))
    expect(await part.findByText(/The surroundings can’t be read/)).toBeTruthy()
  })

  it('offers nothing where nobody asks Azure', async () => {
    serve(sampleFactories([{ ...fresh, state: 'not collected' }]))
    await open(`&details=${fresh.factory}`)
    const part = within(await screen.findByRole('region', { name: 'Definitions and surroundings' }))
    await waitFor(() => expect(part.getAllByText(/as of/)).toHaveLength(5))
    expect(part.queryByRole('button')).toBeNull()
  })
})
