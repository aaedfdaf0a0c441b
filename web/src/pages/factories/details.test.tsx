import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { Reread } from '../../api/types'
import { sampleCollected, sampleCollection, sampleFactories } from '../../testing/samples'
import { problem, server } from '../../testing/server'
import { command, fresh, late, open, rowOf, serve, two, twoCollected } from './scene'

describe('an open row', () => {
  const gap = {
    from: '2026-11-20T00:00:00Z',
    to: '2026-11-21T00:00:00Z',
    reason: 'it is being read',
  }
  const rich = {
    ...late,
    source: 'halden',
    oddRows: 2,
    coverage: {
      ...late.coverage,
      complete: false,
      doneShare: 0.63,
      gaps: [gap],
      activitiesPending: 12,
    },
    fill: {
      reason: 'the ceiling of 1,000 records is reached',
      recordsRead: 1000,
      recordsLeft: 500,
      requestsLeft: 5,
      secondsLeft: 90,
      costLeftUsd: 0.42,
      ceiling: 1000,
    },
  }
  const used = { requests: 2880, records: 1204, throttled: 3, failed: 1, costUsd: 0.001 }
  const collected = sampleCollected({
    factory: 'lq-1',
    usage: { ...used, by: [{ ...used, purpose: 'news', label: 'Polls' }] },
    corrected: { sweeps: 741, missed: 3, outdated: 1, lastAt: '2026-11-24T01:14:07Z' },
  })

  const gone = { ...fresh, state: 'gone' as const }
  const notCollected = { ...fresh, state: 'not collected' as const }

  it('opens by click, Enter and its button, and closes again', async () => {
    serve(two, twoCollected)
    const { user, router } = await open()
    const details = () => screen.queryByRole('region', { name: 'Details of dw-prod' })
    const row = await rowOf('dw-prod')
    const button = within(row).getByRole('button', { name: 'Details of dw-prod' })
    expect(button.getAttribute('aria-expanded')).toBe('false')
    await user.click(row)
    await waitFor(() => expect(details()).toBeTruthy())
    expect(button.getAttribute('aria-expanded')).toBe('true')
    await user.click(button)
    await waitFor(() => expect(details()).toBeNull())
    act(() => row.focus())
    await user.keyboard('{Enter}')
    await waitFor(() => expect(router.state.location.search).toMatchObject({ details: 'dw-1' }))
    await waitFor(() => expect(details()).toBeTruthy())
  })

  it('says why it is not updating, what is missing, and what asking takes', async () => {
    serve(sampleFactories([rich]), [collected])
    await open('&details=lq-1')
    const region = await screen.findByRole('region', { name: 'Details of lq-logistics' })
    await waitFor(() => expect(region.textContent).toContain('741'))
    const said = region.textContent?.replaceAll('\u00a0', ' ')
    for (const words of [
      'The client secret has expired (AADSTS7000222).',
      'Make a new one, as the command does.',
      command,
      'Tried again at 02:14:55.',
      '63 % read, not updating: the ceiling of 1,000 records is reached',
      '1,000 records read · about 500 left · about 1 m 30 s · list price $0.42 · ceiling 1,000 records',
      'it is being read',
      'those of 12 finished runs',
      '2 with a field that could not be read, or not kept',
      '741 ranges read once more and corrected 3 missed, 1 outdated, last 1 h 00 m ago',
    ]) {
      expect(said).toContain(words)
    }
    const usage = within(region).getByRole('table', { name: 'Requests by purpose' })
    const cells = within(usage).getAllByRole('row').at(1)?.textContent?.replaceAll('\u00a0', ' ')
    expect(cells).toBe('Polls2,8801,20431< $0.01')
  })

  it('promises no end where nobody reads, and knows no gaps of what was never read', async () => {
    const coverage = { ...rich.coverage, from: null, to: null, doneShare: null, gaps: [] }
    serve(sampleFactories([{ ...rich, state: 'not collected', coverage }]))
    await open('&details=lq-1')
    const region = await screen.findByRole('region', { name: 'Details of lq-logistics' })
    const missing = within(region).getByText('Missing').nextElementSibling
    expect(missing?.textContent).toBe('–')
    const pending = within(region).getByText('Activities to be read').nextElementSibling
    expect(pending?.textContent).toBe('–')
    expect(region.textContent).toContain('Read in part')
    expect(region.textContent).toContain('about 500 left')
    expect(region.textContent).not.toContain('about 1')
  })

  it.each([
    [
      'a filling factory lacks older history',
      {
        ...{ state: 'filling' as const, coverage: { ...fresh.coverage, complete: false } },
        fill: { ...rich.fill, reason: null },
      },
      '2026-08-25T00:00:00Z',
      /^older history back to .*25.Aug.*, still to be read$/,
    ],
    [
      'a stale one lacks the newest',
      { ...late, lastError: null },
      null,
      /^the newest, since .*02:14/,
    ],
    ['one that is not collected lacks it too', notCollected, null, /^the newest, since .*02:14/],
    ['a fresh and whole one lacks nothing', fresh, null, /^nothing$/],
    ['one that Azure no longer lists lacks nothing newer', gone, null, /^nothing$/],
    [
      'its older history is not to be read any more',
      { ...gone, coverage: { ...fresh.coverage, complete: false } },
      '2026-08-25T00:00:00Z',
      /^older history back to .*25.Aug.*, not read before Azure no longer listed it$/,
    ],
  ])('%s', async (_, fields, wantedFrom, said) => {
    const factory = { ...fresh, ...fields }
    const coverage = { ...factory.coverage, wantedFrom, doneShare: null }
    serve(sampleFactories([{ ...factory, coverage }]))
    await open(`&details=${factory.factory}`)
    const region = await screen.findByRole('region', { name: /^Details of/ })
    expect(within(region).getByText('Missing').nextElementSibling?.textContent).toMatch(said)
    for (const bar of within(region).queryAllByRole('progressbar')) {
      expect(bar.hasAttribute('value')).toBe(false)
    }
  })

  it('lists every purpose that the API sends, by its label', async () => {
    const by = [
      { ...used, purpose: 'news', label: 'Polls' },
      { ...used, purpose: 'later', label: 'Something of a later version' },
    ]
    serve(sampleFactories([rich]), [sampleCollected({ factory: 'lq-1', usage: { ...used, by } })])
    await open('&details=lq-1')
    const usage = await screen.findByRole('table', { name: 'Requests by purpose' })
    const heads = within(usage).getAllByRole('rowheader')
    expect(heads.map((head) => head.textContent)).toEqual([
      'Polls',
      'Something of a later version',
      'All',
    ])
  })

  it('shows all gaps when asked', async () => {
    const gaps = Array.from({ length: 7 }, (_, n) => ({
      from: `2026-11-${10 + n}T00:00:00Z`,
      to: `2026-11-${10 + n}T12:00:00Z`,
      reason: `reason ${n}`,
    }))
    serve(sampleFactories([{ ...fresh, coverage: { ...fresh.coverage, gaps } }]))
    const { user } = await open(`&details=${fresh.factory}`)
    const region = within(await screen.findByRole('region', { name: 'Details of sales-prod' }))
    expect(region.queryByText(/reason 6/)).toBeNull()
    await user.click(region.getByRole('button', { name: '2 more' }))
    expect(region.getByText(/reason 6/)).toBeTruthy()
  })
})

describe('reading a range again', () => {
  const reread: Reread = {
    from: '2026-11-17T02:14:00Z',
    to: '2026-11-24T02:14:07Z',
    state: 'waiting',
    rows: 0,
    added: 0,
    missed: 0,
    outdated: 0,
    what: null,
    orderedAt: '2026-11-24T02:14:07Z',
    endedAt: null,
  }

  async function form() {
    serve(two, twoCollected)
    const app = await open(`&details=${fresh.factory}`)
    const region = await screen.findByRole('region', { name: 'Details of sales-prod' })
    return { ...app, region: within(region) }
  }

  it('orders the range of a preset, and follows it to its end', async () => {
    const { user, region } = await form()
    let sent: unknown
    server.use(
      http.post('*/api/v1/factories/sales-prod-3f2a/rereads', async ({ request }) => {
        sent = await request.json()
        let state: Reread['state'] = 'reading'
        server.use(
          http.get('*/api/v1/collection', () => {
            const now = {
              ...reread,
              state,
              rows: 412,
              ...(state === 'done' ? { added: 5, missed: 3, outdated: 1 } : {}),
            }
            state = 'done'
            return HttpResponse.json(
              sampleCollection([
                sampleCollected({ rereads: [now] }),
                sampleCollected({ factory: 'dw-1' }),
              ]),
            )
          }),
        )
        return HttpResponse.json(reread, { status: 202 })
      }),
    )
    await user.click(region.getByRole('button', { name: '7 days' }))
    await user.click(region.getByRole('button', { name: 'Read again' }))
    await waitFor(() =>
      expect(sent).toEqual({ from: '2026-11-17T02:14:00Z', to: '2026-11-24T02:14:07Z' }),
    )
    const list = await region.findByRole('list', { name: 'Ranges read again' })
    await waitFor(() => expect(list.textContent).toContain('reading, 412 runs read'))
    await waitFor(() =>
      expect(list.textContent).toContain('412 runs read, 2 new, 3 had been missed, 1 was outdated'),
    )
  })

  it('reads out what came of an order, and not how far it is', async () => {
    const { region, queryClient } = await form()
    const status = region.getByRole('status')
    const show = async (fields: Partial<Reread>) => {
      serve(two, [sampleCollected({ rereads: [{ ...reread, ...fields }] })])
      await act(() => queryClient.refetchQueries({ queryKey: ['collection'] }))
      const rows = `${fields.rows} runs read`
      await waitFor(() =>
        expect(region.getByRole('list', { name: /again$/ }).textContent).toContain(rows),
      )
      return status.textContent
    }
    expect(region.getByRole('status').textContent).toBe('')
    expect(await show({ state: 'reading', rows: 400 })).toBe('Reading again: under way')
    expect(await show({ state: 'reading', rows: 500 })).toBe('Reading again: under way')
    expect(await show({ state: 'done', rows: 600 })).toBe(
      'Reading again: 600 runs read, nothing had been missed',
    )
    expect(region.getByRole('list', { name: /again$/ }).getAttribute('aria-live')).toBeNull()
  })

  it('reads out nothing of what ended long ago', async () => {
    serve(two, [sampleCollected({ rereads: [{ ...reread, state: 'done', rows: 400 }] })])
    await open(`&details=${fresh.factory}`)
    const region = await screen.findByRole('region', { name: 'Details of sales-prod' })
    expect(await within(region).findByText(/400 runs read/)).toBeTruthy()
    expect(within(region).getByRole('status').textContent).toBe('')
  })

  it('takes two moments of the zone, and refuses what ends before it begins', async () => {
    const { user, region } = await form()
    let sent: unknown
    server.use(
      http.post('*/api/v1/factories/:factory/rereads', async ({ request }) => {
        sent = await request.json()
        return HttpResponse.json(reread, { status: 202 })
      }),
    )
    const from = region.getByLabelText('From')
    const to = region.getByLabelText('To, empty for now')
    await user.clear(from)
    expect(region.getByRole('alert').textContent).toBe('Say where to begin.')
    await user.type(from, '2026-11-20T10:00')
    await user.type(to, '2026-11-20T09:00')
    expect(region.getByRole('alert').textContent).toBe('It must end after it begins.')
    const button = region.getByRole('button', { name: 'Read again' })
    expect(button.getAttribute('aria-disabled')).toBe('true')
    await user.click(button)
    expect(sent).toBeUndefined()
    await user.clear(to)
    await user.type(to, '2026-11-20T11:00')
    await user.click(button)
    await waitFor(() =>
      expect(sent).toEqual({ from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:00:00Z' }),
    )
  })

  it('says why it cannot be had', async () => {
    const { user, region } = await form()
    server.use(
      http.post('*/api/v1/factories/:factory/rereads', () =>
        problem(409, 'Conflict', 'Ten orders wait already.'),
      ),
    )
    await user.click(region.getByRole('button', { name: 'Read again' }))
    expect((await region.findByRole('alert')).textContent).toContain('Ten orders wait already.')
  })

  it('tells of one that failed', async () => {
    const failed = { ...reread, state: 'failed' as const, rows: 12, what: 'Azure answered 503' }
    serve(two, [sampleCollected({ rereads: [failed] })])
    await open(`&details=${fresh.factory}`)
    expect(await screen.findByText('failed: Azure answered 503. 12 runs read.')).toBeTruthy()
  })
})
