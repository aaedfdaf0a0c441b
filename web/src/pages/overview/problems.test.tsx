import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import type { Overview } from '../../api/types'
import { renderApp } from '../../testing/render'
import {
  sampleFactories,
  sampleFactory,
  sampleFailure,
  sampleOverview,
  sampleProblem,
  sampleProblems,
  sampleRecovery,
  sampleStripRun,
} from '../../testing/samples'
import { server } from '../../testing/server'

const plain = (element: HTMLElement) => (element.textContent ?? '').replaceAll('\u00a0', ' ')

async function openWith(fields: Partial<Overview>) {
  server.use(http.get('*/api/v1/overview', () => HttpResponse.json(sampleOverview(fields))))
  const app = await renderApp('/')
  const section = await screen.findByRole('region', { name: 'Open problems' })
  return { ...app, section }
}

const tables = sampleProblem({
  runs: 5,
  series: 4,
  seriesTotal: 150,
  recurring: ['table'],
  seriesItems: [
    { parameters: { table: 'orders' }, runs: 2, since: '2026-11-24T02:00:03Z' },
    { parameters: { table: 'customers' }, runs: 1, since: '2026-11-24T01:00:03Z' },
  ],
  folded: [{ factory: 'sales-prod-3f2a', pipelineName: 'pl_nightly', runs: 1 }],
})

it('an open problem counts its series, which unfold in place', async () => {
  const { section, user } = await openWith({
    problems: sampleProblems({ pipelines: 1, series: 4, runs: 5, items: [tables] }),
  })
  expect(within(section).getByRole('img', { name: 'Failed, open' })).toBeTruthy()
  expect(section.textContent).toContain('also failed because of it: pl_nightly')
  const button = within(section).getByRole('button', { name: '4 of 150 values of table' })
  expect(screen.queryByRole('list', { name: 'Open series of pl_load_orders' })).toBeNull()
  await user.click(button)
  expect(button.getAttribute('aria-expanded')).toBe('true')
  const list = within(section).getByRole('list', { name: 'Open series of pl_load_orders' })
  expect(within(list).getAllByRole('listitem').map(plain)).toEqual([
    'table = orders2 runs · since 02:00:03',
    'table = customers1 run · since 01:00:03',
    '2 more',
  ])
})

it('what works again is one quiet line each, and leads to what is not redone', async () => {
  const { section } = await openWith({
    problems: sampleProblems({
      flapping: 1,
      notRedone: 26,
      items: [
        sampleProblem({
          kind: 'flapping',
          pipelineName: 'pl_files',
          notRedone: 14,
          flapping: { failed: 6, runs: 100, worksAgainMs: 9_000 },
          last: sampleFailure({ recovery: sampleRecovery('notRedone') }),
        }),
        sampleProblem({
          kind: 'notRedone',
          pipelineName: 'pl_camt',
          runs: 12,
          notRedone: 12,
          last: sampleFailure({ recovery: sampleRecovery('notRedone') }),
        }),
      ],
      older: { pipelines: 3, series: 3, runs: 40, afterMs: 30 * 86_400_000 },
    }),
    recovery: { notRedone: 26, recovered: 2, reason: null },
  })
  const list = within(section).getByRole('list', { name: 'Pipelines that work again' })
  const [flapping, notRedone] = within(list).getAllByRole('link')
  expect(flapping && plain(flapping)).toBe(
    'pl_files fails 6.0 %, works again within 9 s, 14 runs not redone',
  )
  expect(notRedone && plain(notRedone)).toBe('pl_camt 12 runs not redone')
  const href = decodeURIComponent(notRedone?.getAttribute('href') ?? '')
  for (const part of ['recovery=notRedone', 'pipeline=pl_camt', 'factory=sales', 'range=all']) {
    expect(href).toContain(part)
  }
  const recovered = within(section).getByRole('link', { name: '2 failures recovered' })
  expect(recovered.getAttribute('href')).toContain('recovery=recovered')
  const older = within(section).getByRole('link', {
    name: 'Show all failures that have not recovered',
  })
  expect(older.getAttribute('href')).toMatch(/recovery=open&recovery=notRedone/)
  expect(section.textContent).toContain(
    '3 older: no failure for 30 days, deleted, or only imported',
  )
})

it('links are named by what they list, not by a number of something else', async () => {
  const { section } = await openWith({
    problems: sampleProblems({ pipelines: 1, series: 4, runs: 5, items: [tables] }),
  })
  expect(plain(section)).toContain('5 open failures · Show all open failures')
  const link = within(section).getByRole('link', { name: 'Show all open failures' })
  expect(link.getAttribute('href')).toContain('recovery=open')
})

it('has no check mark beside older failures', async () => {
  const { section } = await openWith({
    problems: sampleProblems({
      older: { pipelines: 3, series: 3, runs: 40, afterMs: 1_209_600_000 },
    }),
  })
  const words = within(section).getByText('Nothing new needs attention.')
  expect(words.querySelector('svg')).toBeNull()
  expect(screen.getByRole('heading', { level: 1 }).textContent).not.toContain('All clear')
})

it('counts at least the open problems that it lists while recoveries are being derived', async () => {
  const reason = 'The recovery of 4 failed runs is being derived.'
  const unknown = { pipelines: null, series: null, runs: null, notRedone: null }
  const { section } = await openWith({
    problems: sampleProblems({ ...unknown, reason, items: [tables] }),
  })
  expect(section.textContent).toContain('Open problemsat least 1')
  expect(section.textContent).not.toContain('No open')
})

it('claims nothing while recoveries are being derived', async () => {
  const reason = 'The recovery of 4 failed runs is being derived.'
  const unknown = { pipelines: null, series: null, runs: null, notRedone: null }
  const { section } = await openWith({
    problems: sampleProblems({ ...unknown, reason }),
    recovery: { notRedone: null, recovered: null, reason },
  })
  expect(section.textContent).toContain(reason)
  expect(section.textContent).not.toMatch(/No open failures|\b0\b/)
})

it('names each bar of the strips, and shows no progress where none is known', async () => {
  const run = sampleFailure({ recovery: null })
  const counts = { runs: 1, failed: 1, open: 0, notRedone: 0, finished: 1, successRate: 0 }
  const { factory, factoryName, pipelineName } = run
  const filling = sampleFactory({ state: 'filling' })
  server.use(
    http.get('*/api/v1/factories', () =>
      HttpResponse.json(
        sampleFactories([
          { ...filling, coverage: { ...filling.coverage, complete: false, doneShare: null } },
        ]),
      ),
    ),
  )
  const strip = [sampleStripRun(run)]
  await openWith({
    worstPipelines: [{ factory, factoryName, pipelineName, ...counts, last: run, strip }],
  })
  const pipelines = screen.getByRole('region', { name: 'Pipelines with most failures' })
  expect(within(pipelines).getByText('recovery is being derived')).toBeTruthy()
  const progress = await screen.findByRole('progressbar', { name: 'History of sales-prod read' })
  expect(progress.hasAttribute('value')).toBe(false)
})
