import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect, it } from 'vitest'
import type { Overview } from '../../api/types'
import { renderApp } from '../../testing/render'
import {
  sampleFailure,
  sampleOverview,
  sampleProblem,
  sampleProblems,
  sampleRecovery,
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
      older: { pipelines: 3, series: 3, runs: 40 },
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
  const older = within(section).getByRole('link', { name: '3 older' })
  expect(older.getAttribute('href')).toMatch(/recovery=open&recovery=notRedone/)
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
