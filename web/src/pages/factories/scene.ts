import { screen, waitFor, within } from '@testing-library/react'
import { HttpResponse, http } from 'msw'
import { expect } from 'vitest'
import type { Factory, FactoryCollection, FactoryList } from '../../api/types'
import { renderApp } from '../../testing/render'
import {
  sampleCollected,
  sampleCollection,
  sampleFactories,
  sampleFactory,
  sampleReport,
  sampleSource,
  sampleStep,
} from '../../testing/samples'
import { server } from '../../testing/server'

export const command = 'az ad app credential reset --id 3f1c --append'
export const error: NonNullable<Factory['lastError']> = {
  kind: 'badSecret',
  what: 'the client secret has expired (AADSTS7000222)',
  where: 'token, source lindqvist',
  advice: 'make a new one, as the command does',
  command,
  at: '2026-11-24T02:13:55Z',
  retryAt: '2026-11-24T02:14:55Z',
}

export const fresh = sampleFactory()
export const dw = sampleFactory({ factory: 'dw-1', name: 'dw-prod', runs: 99 })
export const late = sampleFactory({
  factory: 'lq-1',
  name: 'lq-logistics',
  source: 'lindqvist',
  state: 'stale',
  asOf: '2026-11-24T01:49:41Z',
  lastError: error,
})
export const broken = sampleSource({
  source: 'lindqvist',
  state: 'error',
  what: error.what,
  advice: error.advice,
  command,
  at: error.at,
  retryAt: error.retryAt,
})
export const noToken = sampleReport({
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
export function serve(list: FactoryList, items: FactoryCollection[] = []) {
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

export const two = sampleFactories([fresh, dw])
export const twoCollected = [sampleCollected(), sampleCollected({ factory: 'dw-1', runs: 7 })]
export const troubled = sampleFactories([fresh, late], [sampleSource(), broken])

export async function open(search = '') {
  const app = await renderApp(`/factories?zone=utc${search}`)
  await waitFor(() => expect(screen.queryByText('Loading factories')).toBeNull())
  return app
}

export function table() {
  return screen.findByRole('table', { name: 'Factories' })
}

export async function rowOf(name: string): Promise<HTMLElement> {
  const rows = within(await table()).getAllByRole('row')
  const row = rows.find((each) => each.textContent?.includes(name))
  if (!row) throw new Error(`no row of ${name}`)
  return row
}

export async function names() {
  return within(await table())
    .getAllByRole('link')
    .map((link) => link.textContent)
}

export function card(source: string) {
  return screen.findByRole('region', { name: `Source ${source}` })
}
