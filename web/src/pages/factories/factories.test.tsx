import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { Factory, FactoryCollection, FactoryList, Reread } from '../../api/types'
import { renderApp } from '../../testing/render'
import {
  sampleCheck,
  sampleCollected,
  sampleCollection,
  sampleFactories,
  sampleFactory,
  sampleReport,
  sampleSource,
  sampleStep,
} from '../../testing/samples'
import { problem, server } from '../../testing/server'

const command = 'az ad app credential reset --id 3f1c --append'
const error: Factory['lastError'] = {
  kind: 'badSecret',
  what: 'the client secret has expired (AADSTS7000222)',
  where: 'token, source lindqvist',
  advice: 'make a new one, as the command does',
  command,
  at: '2026-11-24T02:13:55Z',
  retryAt: '2026-11-24T02:14:55Z',
}

const fresh = sampleFactory()
const dw = sampleFactory({ factory: 'dw-1', name: 'dw-prod', runs: 99 })
const late = sampleFactory({
  factory: 'lq-1',
  name: 'lq-logistics',
  source: 'lindqvist',
  state: 'stale',
  asOf: '2026-11-24T01:49:41Z',
  lastError: error,
})
const broken = sampleSource({
  source: 'lindqvist',
  state: 'error',
  what: error.what,
  advice: error.advice,
  command,
  at: error.at,
  retryAt: error.retryAt,
})
const noToken = sampleReport({
  status: 'failed',
  factories: [],
  steps: [
    sampleStep({
      status: 'failed',
      what: error.what,
      advice: error.advice,
      command,
      evidence: {
        host: 'login.microsoftonline.com',
        call: 'token',
        httpStatus: 401,
        code: 'AADSTS7000222',
        action: null,
        scope: null,
        retryAt: null,
        system: null,
      },
    }),
    sampleStep({ step: 'subscriptions', status: 'notReached', what: 'there is no token' }),
  ],
})

/** What the server answers from now on; counts how often it is asked. */
function serve(list: FactoryList, items: FactoryCollection[] = []) {
  const asked = { factories: 0, collection: [] as URLSearchParams[] }
  server.use(
    http.get('*/api/v1/factories', () => {
      asked.factories++
      return HttpResponse.json(list)
    }),
    http.get('*/api/v1/collection', ({ request }) => {
      asked.collection.push(new URL(request.url).searchParams)
      return HttpResponse.json(sampleCollection(items))
    }),
  )
  return asked
}

const two = sampleFactories([fresh, dw])
const twoCollected = [sampleCollected(), sampleCollected({ factory: 'dw-1', runs: 7 })]
const troubled = sampleFactories([fresh, late], [sampleSource(), broken])

async function open(search = '') {
  const app = await renderApp(`/factories?zone=utc${search}`)
  await waitFor(() => expect(screen.queryByText('Loading factories')).toBeNull())
  return app
}

function table() {
  return screen.findByRole('table', { name: 'Factories' })
}

async function rowOf(name: string): Promise<HTMLElement> {
  const rows = within(await table()).getAllByRole('row')
  const row = rows.find((each) => each.textContent?.includes(name))
  if (!row) throw new Error(`no row of ${name}`)
  return row
}

async function names() {
  return within(await table())
    .getAllByRole('link')
    .map((link) => link.textContent)
}

function card(source: string) {
  return screen.findByRole('region', { name: `Source ${source}` })
}

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
    expect(screen.getByText(/^2 factories, 221/)).toBeTruthy()
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

  it('keeps what it has when it cannot be read again, and says so', async () => {
    serve(two, twoCollected)
    const { user, queryClient } = await open()
    await table()
    server.use(http.get('*/api/v1/factories', () => problem(503, 'Not available')))
    await act(() => queryClient.refetchQueries({ queryKey: ['factories'] }))
    const banner = (await screen.findByText('This may be old.')).closest('[role="status"]')
    expect(await names()).toEqual(['dw-prod', 'sales-prod'])
    serve(two, twoCollected)
    await user.click(within(banner as HTMLElement).getByRole('button', { name: 'Try again' }))
    await waitFor(() => expect(screen.queryByText('This may be old.')).toBeNull())
  })

  it('says what to do when the identity may read no factory', async () => {
    serve(sampleFactories([]))
    await open()
    await screen.findByRole('heading', { level: 1, name: 'No factory is known' })
    expect(await screen.findByText('The identity may read no factory')).toBeTruthy()
    expect(screen.getByText(/^az role assignment create/)).toBeTruthy()
  })

  it('says that nobody asks, and offers neither checks nor rereads', async () => {
    const idle = sampleFactory({ state: 'not collected' })
    serve(sampleFactories([idle], [sampleSource({ state: 'not collected' })]), [sampleCollected()])
    await open(`&details=${idle.factory}`)
    await screen.findByRole('heading', { level: 1, name: /^Nobody asks Azure/ })
    expect(
      await screen.findByText('This server does not ask Azure about this factory.'),
    ).toBeTruthy()
    expect(screen.queryByRole('button', { name: /^Check/ })).toBeNull()
  })
})

describe('a source in trouble', () => {
  it('has a card with cause, evidence, advice, command, and the steps of the check', async () => {
    serve(troubled)
    server.use(
      http.get('*/api/v1/sources/lindqvist/check', () =>
        HttpResponse.json(sampleCheck({ source: 'lindqvist', state: 'done', report: noToken })),
      ),
    )
    const { user } = await open()
    const box = within(await card('lindqvist'))
    expect(box.getByRole('heading', { level: 2 }).textContent).toBe(
      'lindqvist: The client secret has expired (AADSTS7000222)',
    )
    await box.findByText(/^AADSTS7000222, HTTP 401, asked for token at login.microsoftonline.com/)
    expect(box.getAllByText(command)[0]).toBeTruthy()
    await user.click(box.getAllByRole('button', { name: 'Copy command' })[0] as HTMLElement)
    expect(await navigator.clipboard.readText()).toBe(command)
    expect(box.getByText(/^last/).textContent?.replaceAll('\u00a0', ' ')).toBe(
      'last 12 s ago, next in 48 s',
    )
    const token = box.getByText('Token').closest('li') as HTMLElement
    expect(token.textContent).toContain('Failed')
    expect(token.querySelector('details')?.open).toBe(false)
    await user.click(within(token).getByText('Token'))
    expect(token.querySelector('details')?.open).toBe(true)
    expect(within(token).getByText('token at login.microsoftonline.com')).toBeTruthy()
  })

  it('is checked at a press, shows what is found, and stays until it is closed', async () => {
    serve(troubled)
    let done = () => {}
    const ended = new Promise<void>((resolve) => {
      done = resolve
    })
    server.use(
      http.post('*/api/v1/sources/lindqvist/check', async ({ request }) => {
        expect(request.headers.get('content-type')).toBe('application/json')
        await ended
        serve(
          sampleFactories(
            [fresh, { ...late, state: 'fresh', lastError: null }],
            [sampleSource(), sampleSource({ source: 'lindqvist' })],
          ),
        )
        return HttpResponse.json(
          sampleCheck({ source: 'lindqvist', state: 'done', report: sampleReport() }),
        )
      }),
    )
    const { user } = await open()
    const box = within(await card('lindqvist'))
    await box.findByText(/^No check has been made/)
    await user.click(box.getByRole('button', { name: /^Check again/ }))
    const button = await box.findByRole('button', { name: /^Checking/ })
    expect(button.getAttribute('aria-disabled')).toBe('true')
    expect(document.activeElement).toBe(button)
    await user.click(button) // a second press starts no second check
    act(() => done())
    await box.findByText('Checked: everything answers')
    await waitFor(() =>
      expect(box.getByRole('heading', { level: 2 }).textContent).toBe('lindqvist answers again'),
    )
    await user.click(box.getByRole('button', { name: 'Close' }))
    await waitFor(() => expect(screen.queryByRole('region', { name: /^Source / })).toBeNull())
    expect(screen.getByRole('button', { name: 'Check again source lindqvist' })).toBeTruthy()
  })

  it('is followed while a check takes long', async () => {
    serve(troubled)
    const running = sampleCheck({ source: 'lindqvist', state: 'running' })
    server.use(
      http.post('*/api/v1/sources/lindqvist/check', () => {
        server.use(
          http.get('*/api/v1/sources/lindqvist/check', () =>
            HttpResponse.json(sampleCheck({ source: 'lindqvist', state: 'done', report: noToken })),
          ),
        )
        return HttpResponse.json(running)
      }),
    )
    const { user } = await open()
    const box = within(await card('lindqvist'))
    await user.click(box.getByRole('button', { name: /^Check again/ }))
    await box.findByText('Checked: Token fails')
  })

  it('says why it cannot be checked', async () => {
    serve(troubled)
    server.use(
      http.post('*/api/v1/sources/lindqvist/check', () =>
        problem(409, 'Not collected', 'This server does not ask Azure.'),
      ),
    )
    const { user } = await open()
    const box = within(await card('lindqvist'))
    await user.click(box.getByRole('button', { name: /^Check again/ }))
    expect((await box.findByRole('alert')).textContent).toContain('This server does not ask Azure.')
  })

  it('has each of several causes with its own command', async () => {
    const forbidden = { ...error, what: 'the identity may not read', retryAt: null }
    const items = ['a', 'b', 'c', 'd'].map((name) =>
      sampleFactory({
        factory: name,
        name,
        state: 'refused',
        lastError: { ...forbidden, command: `az role ${name}` },
      }),
    )
    serve(sampleFactories(items))
    const { user } = await open()
    const box = within(await card('halden'))
    expect(box.getByRole('heading', { level: 2 }).textContent).toBe(
      'halden: 4 things stand in the way',
    )
    expect(box.queryByText('az role d')).toBeNull()
    await user.click(box.getByRole('button', { name: '1 more' }))
    expect(box.getByText('az role d')).toBeTruthy()
  })
})

describe('a source that is well', () => {
  it('is checked from the list below, and shows what was found', async () => {
    serve(two, twoCollected)
    server.use(
      http.post('*/api/v1/sources/halden/check', () =>
        HttpResponse.json(sampleCheck({ state: 'done', report: sampleReport() })),
      ),
    )
    const { user } = await open()
    await user.click(await screen.findByRole('button', { name: 'Check source halden' }))
    expect((await screen.findByText(/^checked/)).textContent).toContain('everything answers')
    await user.click(screen.getByText('What the check found'))
    expect(screen.getByText('Way to Azure')).toBeTruthy()
  })

  it('has a quiet word in time for a credential that ends', async () => {
    const source = sampleSource({
      credentialExpires: '2026-12-03T00:00:00Z',
      expiryAdvice: 'give Andon a new one before then',
      expiryCommand: 'az ad app credential reset --id 1',
    })
    serve(sampleFactories([fresh], [source]))
    await open()
    const box = within(await screen.findByRole('region', { name: 'Credential of halden' }))
    expect(box.getByRole('heading').textContent?.replaceAll('\u00a0', ' ')).toBe(
      'halden: the client secret ends on 3 Dec, in 8 d',
    )
    expect(box.getByText('Give Andon a new one before then.')).toBeTruthy()
    expect(box.getByText('az ad app credential reset --id 1')).toBeTruthy()
  })
})

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
    usage: { ...used, by: [{ ...used, purpose: 'news' }] },
    healed: { sweeps: 741, missed: 3, outdated: 1, lastAt: '2026-11-24T01:14:07Z' },
  })

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

  it('tells why it stands still, what is missing, and what asking takes', async () => {
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
      '63 % read, stands still: the ceiling of 1,000 records is reached',
      '1,000 records read · about 500 left · about 1 m 30 s · list price $0.42 · ceiling 1,000 records',
      'it is being read',
      'those of 12 finished runs',
      '2 with a field that could not be read, or not kept',
      '741 ranges read once more and put right 3 missed, 1 outdated, last 1 h 00 m ago',
    ]) {
      expect(said).toContain(words)
    }
    const usage = within(region).getByRole('table', { name: 'Requests by purpose' })
    const cells = within(usage).getAllByRole('row').at(1)?.textContent?.replaceAll('\u00a0', ' ')
    expect(cells).toBe('News2,8801,20431< $0.01')
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
    const field = await screen.findByRole('combobox', { name: 'Find or do' })
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
