import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { afterEach, expect, it, vi } from 'vitest'
import { offlineAfter } from '../../live/connection'
import { renderApp } from '../../testing/render'
import { sampleNow, sampleRunDetail } from '../../testing/samples'
import { problem, server } from '../../testing/server'

const runId = sampleRunDetail().runId
const heading = () => screen.getByRole('heading', { level: 1 }).textContent ?? ''

function answer(fields: Parameters<typeof sampleRunDetail>[0] = {}) {
  server.use(http.get('*/api/v1/runs/:runId', () => HttpResponse.json(sampleRunDetail(fields))))
}

afterEach(() => void vi.useRealTimers())

it('a run that could not be read again says as of when it is', async () => {
  answer()
  const { queryClient, user } = await renderApp(`/runs/${runId}?zone=utc`)
  await waitFor(() => expect(heading()).toBe('pl_load_orders succeeded'))
  server.use(http.get('*/api/v1/runs/:runId', () => problem(503, 'Not available')))
  await act(() => queryClient.refetchQueries())
  const title = await screen.findByText('This may be old.')
  const banner = title.closest<HTMLElement>('[role="status"]')
  expect(banner?.textContent).toContain('The run could not be read again: Not available. As of ')
  expect(heading()).toMatch(/^As of .*: pl_load_orders succeeded$/)
  answer()
  await user.click(within(banner as HTMLElement).getByRole('button', { name: 'Try again' }))
  await waitFor(() => expect(heading()).toBe('pl_load_orders succeeded'))
})

it('without live updates a run does not go on, and is read again each minute', async () => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    shouldAdvanceTime: true,
    now: sampleNow - 40_000,
  })
  let asked = 0
  const running = sampleRunDetail({
    ...{ status: 'InProgress', runEnd: null, durationInMs: null, message: '' },
    runStart: '2026-11-24T02:00:07Z',
  })
  server.use(
    http.get('*/api/v1/runs/:runId', () => {
      asked++
      return HttpResponse.json(running)
    }),
  )
  const app = await renderApp(`/runs/${runId}?zone=utc`)
  await waitFor(() => expect(heading()).toBe('pl_load_orders in progress'))
  await waitFor(() => expect(app.queryClient.isFetching()).toBe(0))
  act(() => app.stream().lose())
  const before = asked
  await act(() => vi.advanceTimersByTimeAsync(offlineAfter))
  expect(heading()).toBe('As of 02:14:07: pl_load_orders in progress')
  await act(() => vi.advanceTimersByTimeAsync(65_000))
  await waitFor(() => expect(asked).toBe(before + 1))
  await screen.findByText(/The run is read again each minute instead\./)
})
