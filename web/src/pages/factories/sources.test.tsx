import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import type { CheckReport } from '../../api/types'
import {
  sampleCheck,
  sampleFactories,
  sampleFactory,
  sampleReport,
  sampleSource,
} from '../../testing/samples'
import { problem, server } from '../../testing/server'
import {
  broken,
  card,
  command,
  error,
  fresh,
  late,
  noToken,
  open,
  serve,
  troubled,
  two,
  twoCollected,
} from './scene'

/** A check of lindqvist was made, and found this. */
function serveCheck(report: CheckReport) {
  server.use(
    http.get('*/api/v1/sources/lindqvist/check', () =>
      HttpResponse.json(sampleCheck({ source: 'lindqvist', state: 'done', report })),
    ),
  )
}

/** No check of a source can be read, as of one that this server does not ask Azure by. */
function refuseChecks(source: string, status: number, detail: string) {
  server.use(
    http.get(`*/api/v1/sources/${source}/check`, () => problem(status, 'Not collected', detail)),
  )
}

describe('a source in trouble', () => {
  it('has a card with cause, evidence, advice, command, and the steps of the check', async () => {
    serve(troubled)
    serveCheck(noToken)
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
        serveCheck(noToken)
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

  it('takes no check for evidence that is older than the cause', async () => {
    const failed = { ...broken, at: '2026-11-24T02:14:01Z' }
    serve(sampleFactories([fresh], [failed]))
    serveCheck(noToken)
    await open()
    const box = within(await card('lindqvist'))
    await box.findByText(/^andon doctor/)
    expect(box.getByText(/^last/).textContent?.replaceAll('\u00a0', ' ')).toMatch(/^last 6 s ago/)
    expect(box.queryByText(/asked for token/)).toBeNull()
  })

  it('takes no check for evidence that failed for something else', async () => {
    serve(sampleFactories([fresh], [{ ...broken, what: 'listing subscription 1 is refused' }]))
    serveCheck(noToken)
    await open()
    const box = within(await card('lindqvist'))
    await box.findByText(/^andon doctor/)
    expect(box.queryByText(/asked for token/)).toBeNull()
  })

  it('cannot be checked once this server asks by it no more', async () => {
    const gone = sampleSource({ source: 'lindqvist', state: 'not collected' })
    const advice = 'configure the source again; until then its history stays as it is'
    serve(
      sampleFactories(
        [fresh, { ...late, lastError: { ...error, where: '', advice } }],
        [sampleSource(), gone],
      ),
    )
    refuseChecks('lindqvist', 404, 'No source lindqvist is asked.')
    const { queryClient } = await open()
    const box = within(await card('lindqvist'))
    expect(box.getByText(/^Configure the source again/)).toBeTruthy()
    expect(box.queryByRole('button', { name: /^Check/ })).toBeNull()
    await waitFor(() => expect(queryClient.isFetching()).toBe(0))
    expect(screen.queryByRole('alert')).toBeNull()
  })

  it('is one row with one command for factories with the same cause', async () => {
    const lastError = { ...error, what: 'the identity may not read', command: 'az role all' }
    const items = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
      sampleFactory({
        factory: name,
        name,
        state: 'refused',
        neverRead: true,
        asOf: null,
        lastError,
      }),
    )
    serve(sampleFactories(items))
    await open()
    const box = within(await card('halden'))
    expect(box.getByRole('heading', { level: 2 }).textContent).toBe(
      'halden: The identity may not read',
    )
    expect(box.getAllByText('az role all')).toHaveLength(1)
    expect(box.getByText(/^Never read/).textContent).toBe('Never read: a, b, c, d and 2 more')
  })

  it('has each of several causes with its own command', async () => {
    const forbidden = { ...error, retryAt: null }
    const items = ['a', 'b', 'c', 'd'].map((name) =>
      sampleFactory({
        factory: name,
        name,
        state: 'refused',
        lastError: { ...forbidden, what: `no ${name}`, command: `az role ${name}` },
      }),
    )
    serve(sampleFactories(items))
    const { user } = await open()
    const box = within(await card('halden'))
    expect(box.getByRole('heading', { level: 2 }).textContent).toBe('halden: 4 problems')
    expect(box.queryByText('az role d')).toBeNull()
    await user.click(box.getByRole('button', { name: '1 more' }))
    expect(box.getByText('az role d')).toBeTruthy()
  })
})

describe('a source that this server does not ask by', () => {
  it('stands in the list without a check, which nobody could make', async () => {
    const idle = sampleFactory({ state: 'not collected' })
    serve(sampleFactories([idle], [sampleSource({ state: 'not collected' })]))
    refuseChecks('halden', 409, 'This server does not ask Azure.')
    const { queryClient } = await open()
    expect(await screen.findByText(', not asked by this server')).toBeTruthy()
    await waitFor(() => expect(queryClient.isFetching()).toBe(0))
    expect(screen.queryByRole('alert')).toBeNull()
    expect(screen.queryByRole('button', { name: /^Check/ })).toBeNull()
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

  it('says that the budget is too small for the polls that are wanted', async () => {
    const source = sampleSource({
      pace: 'the 400 factories of subscription 1 can be asked every 1m4s only',
      paceAdvice: 'set poll to 1m4s',
    })
    serve(sampleFactories([fresh], [source]))
    await open()
    const box = within(await screen.findByRole('region', { name: 'Pace of halden' }))
    expect(box.getByRole('heading').textContent).toBe(
      'halden: the 400 factories of subscription 1 can be asked every 1m4s only',
    )
    expect(box.getByText('Set poll to 1m4s.')).toBeTruthy()
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
