import { act, screen, waitFor } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import { renderApp } from '../testing/render'
import { sampleRun, sampleRunPage } from '../testing/samples'
import { server } from '../testing/server'

describe('a link with a value that the page cannot use', () => {
  it.each([
    ['from=2026-11-23T18:00:00', 'from', 'such as 2026-11-24T02:00:00Z'],
    ['to=2026-02-31T00:00:00Z', 'to', 'such as 2026-11-24T02:00:00Z'],
    ['range=99999w', 'range', 'up to 2000w, or all'],
    ['recovery=healed', 'recovery', 'open, notRedone, recovered'],
    ['open=maybe', 'open', 'true or false'],
    ['sort=name', 'sort', '-runStart, runStart'],
    ['q=a&q=b', 'q', 'one text'],
  ])('%s: says so, and keeps the rest', async (part, name, allowed) => {
    const asked: URLSearchParams[] = []
    server.use(
      http.get('*/api/v1/runs', ({ request }) => {
        asked.push(new URL(request.url).searchParams)
        return HttpResponse.json(sampleRunPage([sampleRun()]))
      }),
    )
    const { user } = await renderApp(`/runs?status=Failed&${part}`)
    const value = part.split(/[=&]/)[1]
    const words = await screen.findByText(new RegExp(`^${name} can’t be “${value}”`))
    expect(words.textContent).toContain(allowed)
    await screen.findByText('1 shown, no more match')
    expect(asked.at(-1)?.getAll('status')).toEqual(['Failed'])
    expect(asked.at(-1)?.has('q')).toBe(false)

    await user.click(screen.getByRole('button', { name: 'Close' }))
    expect(screen.queryByText('Part of this link cannot be used')).toBeNull()
  })

  it.each([
    ['another page', { to: '/factories' }],
    ['another filter', { to: '/runs', search: { status: 'Failed' } }],
  ] as const)('says no more of it after going to %s', async (_, next) => {
    const { router } = await renderApp('/runs?open=maybe&other=1')
    await screen.findByText('Part of this link cannot be used')
    await waitFor(() => expect(router.state.status).toBe('idle'))
    expect(router.state.location.href).not.toContain('maybe')
    expect(screen.getByText('Part of this link cannot be used')).toBeTruthy()
    await act(() => router.navigate(next))
    await waitFor(() => expect(screen.queryByText('Part of this link cannot be used')).toBeNull())
  })

  it('is quiet about one that can be used', async () => {
    await renderApp('/runs?open=true&recovery=open&recovery=recovered&q=+a+&factory=a&factory=a')
    await screen.findByRole('heading', { level: 1 })
    expect(screen.queryByText('Part of this link cannot be used')).toBeNull()
  })
})

describe('a value that the server refuses', () => {
  const refusal = (name: string, detail: string, message: string) =>
    HttpResponse.json(
      {
        ...{ type: 'about:blank', title: "A parameter can't be used", status: 400, detail },
        errors: [{ location: `query.${name}`, message, value: '' }],
      },
      { status: 400 },
    )

  it.each([
    ['minDuration', 'abc', 'at least', 'allowed: a duration such as 90s, 5m or 1h30m'],
    ['status', 'Paused', 'status', 'allowed: Queued, InProgress, Succeeded, Failed'],
    ['q', 'a'.repeat(300), 'find', 'allowed: 1 to 200 characters'],
  ])(
    '%s is named with what is allowed, and its chip leads back',
    async (name, value, chip, allowed) => {
      const answer = ({ request }: { request: Request }) =>
        new URL(request.url).searchParams.has(name)
          ? refusal(name, `${name} can't be "${value}".`, allowed)
          : undefined
      server.use(
        http.get('*/api/v1/runs', answer),
        http.get('*/api/v1/runs/facets', answer),
        http.get('*/api/v1/timeline', answer),
      )
      const { router, user } = await renderApp(`/runs?pipeline=pl_a&${name}=${value}`)
      const said = await screen.findAllByText(`${name} ${allowed}`)
      expect(said.length).toBeGreaterThan(0)
      await user.click(
        await screen.findByRole('button', { name: new RegExp(`^Remove.*${chip}`, 'i') }),
      )
      await waitFor(() => expect(screen.queryByText(`${name} ${allowed}`)).toBeNull())
      expect(router.state.location.search).toEqual({ pipeline: 'pl_a' })
    },
  )

  it('a range that ends before it begins is named, and the range control leads back', async () => {
    const message = 'allowed: a time before to, which is 2026-11-23T00:00:00Z'
    server.use(
      http.get('*/api/v1/overview', ({ request }) =>
        new URL(request.url).searchParams.has('to')
          ? refusal('from', 'from is not before to.', message)
          : undefined,
      ),
    )
    const { user } = await renderApp('/?from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z')
    await screen.findByText(`from ${message}`)
    await user.click(screen.getByRole('button', { name: /Nov/ }))
    await user.click(await screen.findByRole('button', { name: /^Last 7.days$/ }))
    await waitFor(() => expect(screen.queryByText(`from ${message}`)).toBeNull())
  })
})
