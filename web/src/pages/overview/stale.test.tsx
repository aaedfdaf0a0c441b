import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import { renderApp } from '../../testing/render'
import { sampleOverview, sampleProblem, sampleProblems, sampleRun } from '../../testing/samples'
import { problem, server } from '../../testing/server'

const heading = () => screen.getByRole('heading', { level: 1 }).textContent ?? ''
const page = () => (screen.getByRole('main').textContent ?? '').replaceAll('\u00a0', ' ')
const checkMark = () => screen.getByText(/^No open failure/).querySelector('svg')

function answer(fields: Parameters<typeof sampleOverview>[0] = {}) {
  server.use(http.get('*/api/v1/overview', () => HttpResponse.json(sampleOverview(fields))))
}

function refuse(path = 'overview') {
  server.use(http.get(`*/api/v1/${path}`, () => problem(503, 'Not available', 'It is busy.')))
}

async function openAndRefuse(fields: Parameters<typeof sampleOverview>[0] = {}) {
  answer(fields)
  const app = await renderApp('/?zone=utc')
  await screen.findByRole('region', { name: 'Open problems' })
  refuse()
  await act(() => app.queryClient.refetchQueries())
  return app
}

describe('an overview that could not be read again', () => {
  it('says as of when it is, and no longer that all is clear', async () => {
    const { user } = await openAndRefuse()
    const title = await screen.findByText('This may be old.')
    expect(page()).toContain(
      'The overview could not be read again: Not available: It is busy. As of ',
    )
    expect(heading()).toMatch(/^As of .*: no open failure is known$/)
    expect(page()).not.toMatch(/All clear|99\.2|Nothing is running|No open failures/)
    const banner = title.closest<HTMLElement>('[role="status"]')
    answer()
    await user.click(within(banner as HTMLElement).getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(heading()).toBe('All clear'))
    expect(screen.queryByText('This may be old.')).toBeNull()
    expect(page()).toContain('Nothing is running.')
  })

  it('speaks of its problems in the past', async () => {
    await openAndRefuse({ problems: sampleProblems({ pipelines: 1, items: [sampleProblem()] }) })
    expect(heading()).toMatch(/^As of .*: 1 pipeline needed attention/)
    expect(screen.getByRole('region', { name: 'Was running' })).toBeTruthy()
  })

  it('is not made new by an event of one run', async () => {
    const running = sampleRun({ status: 'InProgress', runEnd: null, durationInMs: null })
    const { stream } = await openAndRefuse({ running: { count: 1, items: [running] } })
    const before = heading()
    act(() => stream().send('run', { ...running, status: 'Canceling' }))
    await screen.findByText('canceling')
    expect(heading()).toBe(before)
    expect(page()).toContain('The overview could not be read again: Not available')
  })

  it('says so too where only the runs over time are old', async () => {
    const { queryClient } = await renderApp('/?zone=utc')
    await waitFor(() => expect(heading()).toBe('All clear'))
    refuse('timeline')
    await act(() => queryClient.refetchQueries())
    await screen.findByText('This may be old.')
    expect(page()).toContain('The counts of runs started could not be read again')
    expect(heading()).toBe('All clear')
  })
})

it('while another choice is read, nothing is said of it', async () => {
  answer()
  const { router } = await renderApp('/?zone=utc')
  await waitFor(() => expect(heading()).toBe('All clear'))
  expect(checkMark()).not.toBeNull()
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  server.use(
    http.get('*/api/v1/overview', async () => {
      await given
      return HttpResponse.json(sampleOverview())
    }),
  )
  await act(() => router.navigate({ to: '/', search: { range: '30d' } }))
  expect(heading()).toBe('Reading the last 30\u00a0days …')
  const figures = screen.getByText(/1,204 runs/)
  expect(figures.getAttribute('aria-busy')).toBe('true')
  expect(figures.textContent).toContain('in the last 24\u00a0h')
  expect(page()).not.toMatch(/All clear|No open failures|Nothing is running/)
  expect(checkMark()).toBeNull()
  const problems = screen.getByRole('region', { name: 'Open problems' })
  expect(problems.closest('[aria-busy="true"]')).not.toBeNull()
  act(() => give())
  await waitFor(() => expect(heading()).toBe('All clear'))
  expect(screen.getByText(/1,204 runs/).textContent).toContain('in the last 30\u00a0days')
  expect(checkMark()).not.toBeNull()
})
