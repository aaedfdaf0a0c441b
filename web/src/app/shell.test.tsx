import { act, screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import { renderApp } from '../testing/render'
import {
  sampleFactories,
  sampleFactory,
  sampleFailure,
  sampleRun,
  sampleRunPage,
} from '../testing/samples'
import { problem, server } from '../testing/server'

function useTwoFactories() {
  const items = [
    sampleFactory(),
    sampleFactory({ factory: 'dw-1', name: 'dw-prod', resourceGroup: 'rg-dw' }),
  ]
  server.use(http.get('*/api/v1/factories', () => HttpResponse.json(sampleFactories(items))))
}

describe('the rail', () => {
  it('leads to each page and marks the one that is open', async () => {
    const { user, router } = await renderApp('/')
    const rail = screen.getByRole('navigation')
    const runs = within(rail).getByRole('link', { name: 'Runs' })
    expect(runs.getAttribute('aria-current')).toBeNull()
    await user.click(runs)
    await waitFor(() => expect(router.state.location.pathname).toBe('/runs'))
    expect(runs.getAttribute('aria-current')).toBe('page')
  })

  it('keeps scope, range and zone on the way, and drops what is the page’s own', async () => {
    const { user, router } = await renderApp('/runs?factory=dw-1&range=7d&zone=utc&status=Failed')
    await user.click(within(screen.getByRole('navigation')).getByRole('link', { name: 'Overview' }))
    await waitFor(() => expect(router.state.location.pathname).toBe('/'))
    expect(router.state.location.searchStr).toBe('?factory=dw-1&range=7d&zone=utc')
  })

  it('is a sheet on narrow screens, which closes once a page is chosen', async () => {
    window.innerWidth = 390
    const { user, router } = await renderApp('/')
    expect(screen.queryByRole('navigation')).toBeNull()
    await user.click(screen.getByRole('button', { name: 'Pages and settings' }))
    await user.click(await screen.findByRole('link', { name: 'Runs' }))
    await waitFor(() => expect(router.state.location.pathname).toBe('/runs'))
    await waitFor(() => expect(screen.queryByRole('navigation')).toBeNull())
  })

  it('goes through the themes', async () => {
    const { user } = await renderApp('/')
    const theme = screen.getByRole('button', { name: /^Theme/ })
    const seen = []
    for (let n = 0; n < 3; n++) {
      await user.click(theme)
      seen.push([document.documentElement.dataset.theme, localStorage.getItem('andon-theme')])
    }
    expect(seen).toEqual([
      ['light', 'light'],
      ['dark', 'dark'],
      [undefined, null],
    ])
  })
})

describe('the header', () => {
  it('narrows every page to the chosen factories', async () => {
    useTwoFactories()
    const { user, router } = await renderApp('/')
    await user.click(await screen.findByRole('button', { name: /2 factories$/ }))
    await user.click(await screen.findByRole('checkbox', { name: /dw-prod/ }))
    await waitFor(() => expect(router.state.location.searchStr).toBe('?factory=dw-1'))
    await screen.findByRole('button', { name: 'dw-prod', hidden: true })
    await user.click(screen.getByRole('button', { name: 'Show all factories' }))
    await waitFor(() => expect(router.state.location.searchStr).toBe(''))
  })

  it('takes a preset, and leaves the default out of the URL', async () => {
    const { user, router } = await renderApp('/')
    await user.click(screen.getByRole('button', { name: /^Last 24\sh$/ }))
    await user.click(await screen.findByRole('button', { name: /^Last 7\sdays$/ }))
    await waitFor(() => expect(router.state.location.searchStr).toBe('?range=7d'))
    await user.keyboard('t')
    await user.click(await screen.findByRole('button', { name: /^Last 24\sh$/ }))
    await waitFor(() => expect(router.state.location.searchStr).toBe(''))
  })

  it('takes a typed range, and says when it is not understood', async () => {
    const { user, router } = await renderApp('/?zone=utc')
    await user.keyboard('t')
    const field = await screen.findByRole('textbox', { name: 'Type a time range' })
    await user.type(field, 'whenever{Enter}')
    expect(field.getAttribute('aria-invalid')).toBe('true')
    expect(router.state.location.search).toEqual({ zone: 'utc' })
    await user.clear(field)
    await user.type(field, 'yesterday 18:00–06:00{Enter}')
    await waitFor(() =>
      expect(router.state.location.search).toMatchObject({
        from: '2026-11-23T18:00:00Z',
        to: '2026-11-24T06:00:00Z',
      }),
    )
  })

  it('takes two moments', async () => {
    const { user, router } = await renderApp('/?zone=utc&from=2026-11-23T18:00:00Z')
    await user.click(screen.getByRole('button', { name: /^Since/ }))
    const to = await screen.findByLabelText('To, empty for now')
    await user.type(to, '2026-11-23T20:30')
    await user.click(screen.getByRole('button', { name: 'Show this range' }))
    await waitFor(() =>
      expect(router.state.location.search).toMatchObject({
        from: '2026-11-23T18:00:00Z',
        to: '2026-11-23T20:30:00Z',
      }),
    )
  })

  it('says how fresh the scope is, and lists what is late with its reason', async () => {
    const late = sampleFactory({
      factory: 'lq',
      name: 'lq-logistics',
      state: 'stale',
      asOf: '2026-11-24T01:49:41Z',
      lastError: {
        kind: 'secretExpired',
        what: 'The client secret expired',
        where: 'source lindqvist',
        advice: 'Make a new one.',
        command: 'az ad app credential reset --id 1b22',
        at: '2026-11-24T02:13:00Z',
        retryAt: null,
      },
    })
    const list = sampleFactories([sampleFactory(), late])
    server.use(http.get('*/api/v1/factories', () => HttpResponse.json(list)))
    const { user } = await renderApp('/?zone=utc')
    const button = await screen.findByRole('button', { name: /as of 02:14:03.*1 stale/ })
    await user.click(button)
    const panel = await screen.findByRole('dialog', { name: 'Freshness' })
    expect(panel.textContent).toContain('Live updates are on.')
    expect(panel.textContent).toContain('lq-logistics: The client secret expired')
    expect(panel.textContent).toContain('az ad app credential reset --id 1b22')
  })

  it('follows freshness and the loss of the live stream', async () => {
    const { stream } = await renderApp('/?zone=utc')
    await screen.findByRole('button', { name: /as of 02:14:03/ })
    act(() => stream().send('freshness', sampleFactory({ asOf: '2026-11-24T02:14:06Z' })))
    await screen.findByRole('button', { name: /as of 02:14:06/ })
    act(() => stream().lose())
    await screen.findByRole('button', { name: /reconnecting/ })
  })
})

describe('the keys', () => {
  it('go to pages, zoom out and list themselves', async () => {
    const { user, router } = await renderApp('/')
    await user.keyboard('gr')
    await waitFor(() => expect(router.state.location.pathname).toBe('/runs'))
    await user.keyboard('go')
    await waitFor(() => expect(router.state.location.pathname).toBe('/'))
    await user.keyboard('z')
    await waitFor(() => expect(router.state.location.searchStr).toBe('?range=7d'))
    await user.keyboard('?')
    const help = await screen.findByRole('dialog', { name: 'Keys' })
    expect(help.textContent).toContain('Zoom out in time')
    await user.keyboard('{Escape}')
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  })

  it('copy the link to the page', async () => {
    const { user } = await renderApp('/')
    await user.keyboard('c')
    await screen.findByText('Link copied')
    expect(await navigator.clipboard.readText()).toBe(location.href)
  })
})

describe('the palette', () => {
  it('finds a run by typed words and opens it', async () => {
    server.use(
      http.get('*/api/v1/runs', ({ request }) => {
        const q = new URL(request.url).searchParams.get('q')
        return HttpResponse.json(sampleRunPage(q === 'cannot' ? [sampleFailure()] : []))
      }),
    )
    const { user, router } = await renderApp('/?range=7d')
    await user.keyboard('{Control>}k{/Control}')
    const field = await screen.findByRole('combobox', { name: 'Search or jump to…' })
    await waitFor(() => expect(document.activeElement).toBe(field))
    await user.type(field, 'cannot')
    const runs = await screen.findByRole('group', { name: 'Runs' })
    await user.click(within(runs).getByRole('option'))
    await waitFor(() =>
      expect(router.state.location.pathname).toBe(`/runs/${sampleFailure().runId}`),
    )
    expect(router.state.location.search).toEqual({ range: '7d', in: 'sales-prod-3f2a' })
  })

  it('moves by the arrows, round, and acts with Enter', async () => {
    server.use(http.get('*/api/v1/runs', () => HttpResponse.json(sampleRunPage([sampleRun()]))))
    const { user, router } = await renderApp('/')
    await user.keyboard('/')
    const field = await screen.findByRole('combobox')
    await waitFor(() => expect(document.activeElement).toBe(field))
    await user.keyboard('{ArrowDown}')
    const selected = screen.getByRole('option', { selected: true })
    expect(selected.textContent).toBe('Runs')
    expect(field.getAttribute('aria-activedescendant')).toBe(selected.id)
    await user.keyboard('{ArrowUp}{ArrowUp}')
    expect(screen.getByRole('option', { selected: true }).textContent).toMatch(/UTC/)
    await user.keyboard('{Enter}')
    await waitFor(() => expect(router.state.location.searchStr).toBe('?zone=utc'))
    expect(screen.queryByRole('combobox')).toBeNull()
  })

  it('opens a pasted runId that nobody knows yet', async () => {
    const { user, router } = await renderApp('/')
    await user.keyboard('{Control>}k{/Control}')
    await user.type(await screen.findByRole('combobox'), 'B81E40D2-0000-4000-8000-00000000000A')
    await user.keyboard('{Enter}')
    await waitFor(() =>
      expect(router.state.location.pathname).toBe('/runs/b81e40d2-0000-4000-8000-00000000000a'),
    )
  })
})

describe('a path that no page has', () => {
  it('says so inside the shell', async () => {
    await renderApp('/nowhere')
    expect((await screen.findByRole('heading', { level: 1 })).textContent).toBe(
      'There is no such page',
    )
    expect(screen.getByRole('navigation')).toBeTruthy()
  })
})

describe('a server that answers with errors', () => {
  it('leaves the shell usable', async () => {
    server.use(http.get('*/api/v1/factories', () => problem(503, 'The store does not answer')))
    const { user } = await renderApp('/')
    await screen.findByRole('button', { name: /freshness not known/ })
    await user.click(screen.getByRole('button', { name: 'All factories' }))
    await screen.findByText('The list of factories could not be read.')
  })
})

it('the finder goes on taking letters after its key is pressed once more', async () => {
  const { user } = await renderApp('/')
  await user.keyboard('{Control>}k{/Control}')
  const field = await screen.findByRole<HTMLInputElement>('combobox')
  await waitFor(() => expect(document.activeElement).toBe(field))
  await user.keyboard('pl_{Control>}k{/Control}load')
  await waitFor(() => expect(field.value).toBe('pl_load'))
})
