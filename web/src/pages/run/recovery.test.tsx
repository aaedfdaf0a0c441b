import { screen, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { RunDetail, RunRow } from '../../api/types'
import { renderApp } from '../../testing/render'
import {
  sampleFailure,
  sampleRecovery,
  sampleRun,
  sampleRunDetail,
  sampleRunLink,
} from '../../testing/samples'
import { server } from '../../testing/server'
import { laterOf, missingOf, ruleWords } from './recovery-words'

const failure = { status: 'Failed', message: '' }

async function openRun(fields: Partial<RunDetail>, children: RunRow[] = []) {
  server.use(
    http.get('*/api/v1/runs/:runId', () =>
      HttpResponse.json(sampleRunDetail({ ...failure, ...fields })),
    ),
    http.get('*/api/v1/runs/:runId/children', () =>
      HttpResponse.json({ items: children, nextCursor: null }),
    ),
  )
  const app = await renderApp(`/runs/${sampleRun().runId}`)
  const heading = await screen.findByRole('heading', { level: 1, name: 'pl_load_orders failed' })
  const header = heading.closest('header') as HTMLElement
  const said = () => (header.textContent ?? '').replaceAll('\u00a0', ' ')
  return { ...app, header, said }
}

function moving(name: string): RunDetail['parameterUses'][number] {
  return { name, class: 'moving', rule: 'dates', reason: '9 of 10 of its values are dates.' }
}

describe('the run page says what became of a failure', () => {
  it('recovered: by which run, by which rule, how much later', async () => {
    const by = sampleRunLink({ runEnd: '2026-11-24T07:20:41.5Z' })
    const { header, said } = await openRun({ recovery: sampleRecovery('recovered', { by }) })
    expect(said()).toContain('Recovered by run a41be0c7 (same parameters), 5 h 13 m later.')
    const link = within(header).getByRole('link', { name: 'run a41be0c7' })
    expect(link.getAttribute('href')).toContain(`/runs/${by.runId}`)
    expect(within(header).getByRole('img', { name: 'Failed, recovered' })).toBeTruthy()
  })

  it('not redone: what is missing, and since when its series works', async () => {
    const { header, said } = await openRun({
      recovery: sampleRecovery('notRedone'),
      parameters: { file: 'camt053/20261028.xml', bank: 'nordhem' },
      parameterUses: [moving('file')],
      worksSince: sampleRunLink(),
    })
    expect(said()).toContain(
      'Not redone: file = camt053/20261028.xml is still missing. Later runs of this series succeeded, the first at 02:10:00.',
    )
    expect(
      within(header)
        .getByRole('link', { name: /^the first at/ })
        .getAttribute('href'),
    ).toContain(sampleRunLink().runId)
    expect(within(header).getByRole('img', { name: 'Failed, not redone' })).toBeTruthy()
  })

  it('open: that it fails, and that it is being rerun', async () => {
    const running = sampleRunLink({ status: 'InProgress', runEnd: null })
    const { header, said } = await openRun({
      recovery: sampleRecovery('open', { running }),
      series: { parameters: {} },
    })
    expect(said()).toContain('Failing: no later run of its series is known to have succeeded.')
    expect(said()).toContain('It is being rerun since 02:10:00.')
    const link = within(header).getByRole('link', { name: /^being rerun since/ })
    expect(link.getAttribute('href')).toContain(running.runId)
  })

  it('open without a series: no more than is known, and why', async () => {
    const { said, user } = await openRun({
      recovery: sampleRecovery('open'),
      parameters: null,
      origin: 'log',
    })
    expect(said()).toContain(
      'Failing: no later run is known to have recovered it. Its parameters are not known, so they cannot be compared with those of other runs.',
    )
    expect(said()).not.toContain('its series')
    await user.click(screen.getByRole('tab', { name: /Parameters/ }))
    await screen.findByText('The parameters of this run are not known')
    expect(screen.queryByText('This run was started without parameters')).toBeNull()
  })

  it('nothing while it is being derived, but why', async () => {
    const { header, said } = await openRun({
      recovery: null,
      recoveryReason: 'Its recovery waits for the runs of an earlier version.',
    })
    expect(said()).toContain('Its recovery waits for the runs of an earlier version.')
    expect(said()).not.toMatch(/Failing|Not redone|Recovered by/)
    expect(
      within(header).getByRole('img', { name: 'Failed, recovery is being derived' }),
    ).toBeTruthy()
  })

  it('a parent says when the child it failed on has recovered', async () => {
    const child = sampleFailure({
      runId: 'c0ffee00-0000-4000-8000-000000000001',
      pipelineName: 'pl_child',
      recovery: sampleRecovery('recovered'),
    })
    const parent = { recovery: sampleRecovery('open'), childCount: 2 }
    const { header } = await openRun(parent, [child, sampleRun()])
    await within(header).findByText(/Its child pl_child, which failed, was recovered since by/)
    expect(within(header).getByRole('link', { name: 'run a41be0c7' })).toBeTruthy()
  })

  it('a parent of several counts those that have recovered', async () => {
    const recovered = sampleFailure({ recovery: sampleRecovery('recovered') })
    const open = sampleFailure({ runId: 'c0ffee00-0000-4000-8000-000000000002' })
    const parent = { recovery: sampleRecovery('open'), childCount: 2 }
    const { header } = await openRun(parent, [recovered, open])
    await within(header).findByText('1 of its 2 failed children has recovered since.')
  })

  it('a parent counts the children whose recovery is being derived', async () => {
    const recovered = sampleFailure({ recovery: sampleRecovery('recovered') })
    const underived = sampleFailure({
      runId: 'c0ffee00-0000-4000-8000-000000000002',
      recovery: null,
    })
    const parent = { recovery: sampleRecovery('open'), childCount: 2 }
    const { header } = await openRun(parent, [recovered, underived])
    await within(header).findByText(
      '1 of its 2 failed children has recovered since; the recovery of 1 is being derived.',
    )
  })
})

describe('what is missing', () => {
  it('is named by three moving parameters at most, cut where they are long', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const long = 'x'.repeat(80)
    const missing = missingOf({
      parameters: { a: long, b: 7, c: { day: '2026-10-28' }, d: '4', e: '5', table: 'orders' },
      parameterUses: [...names, 'gone'].map(moving),
    })
    expect(missing?.shown).toBe(
      `a = ${'x'.repeat(60)}…, b = 7, c = {"day":"2026-10-28"} and 2 more`,
    )
    expect(missing?.whole).toContain(`a = ${long}\n`)
  })

  it('is not named without moving parameters, or without any', () => {
    expect(missingOf({ parameters: { table: 'orders' }, parameterUses: [] })).toBeNull()
    expect(missingOf({ parameters: null, parameterUses: [moving('day')] })).toBeNull()
  })
})

it('knows the rules, and leaves out a time that is not known', () => {
  expect(['rerun', 'window', 'parameters', 'parent', 'later'].map(ruleWords)).toEqual([
    'rerun',
    'same trigger window',
    'same parameters',
    'below its parent’s rerun',
    'later',
  ])
  expect(laterOf(sampleRunDetail(), sampleRunLink({ runEnd: null }))).toBe('')
})

it('says where an imported run is known from, and which duration is computed', async () => {
  const { user } = await openRun({ origin: 'log', durationComputed: true })
  const facts = screen.getByRole('region', { name: 'Facts' })
  expect(within(facts).getByText('computed from start and end')).toBeTruthy()
  expect(within(facts).getByTitle('458,376 ms, computed from start and end')).toBeTruthy()
  expect(within(facts).getByText('an imported log, which says less than Azure')).toBeTruthy()
  await user.click(screen.getByRole('tab', { name: 'Raw' }))
  await screen.findByText('From an imported log, which says less than Azure.')
  expect(screen.queryByRole('button', { name: /as Azure sent it/ })).toBeNull()
})

it('the parameters are listed with their class and the reason for it', async () => {
  const { user } = await openRun({
    recovery: sampleRecovery('open'),
    parameters: { day: '2026-11-24', table: 'orders', options: { full: true }, secret: '' },
    parameterUses: [
      moving('day'),
      { name: 'table', class: 'recurring', rule: 'seenAgain', reason: '40 of 41 came back.' },
      { name: 'options', class: null, rule: null, reason: 'Not classified yet.' },
    ],
  })
  await user.click(screen.getByRole('tab', { name: /Parameters/ }))
  const table = await screen.findByRole('table', { name: 'Parameters' })
  const rows = within(table).getAllByRole('row').slice(1)
  const cells = rows.map((row) => within(row).getAllByRole('cell').at(-1)?.textContent)
  expect(cells).toEqual([
    'moving9 of 10 of its values are dates.',
    'recurring40 of 41 came back.',
    'not classifiedNot classified yet.',
    '–',
  ])
})
