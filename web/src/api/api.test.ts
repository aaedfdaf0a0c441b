import { QueryClient } from '@tanstack/react-query'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  sampleFactories,
  sampleFactory,
  sampleNow,
  sampleOverview,
  sampleRunPage,
  sampleRuns,
  sampleTimeline,
} from '../testing/samples'
import { problem, server } from '../testing/server'
import { ApiError } from './error'
import { factoriesQuery } from './factories'
import { overviewQuery } from './overview'
import { runQuery } from './run'
import { facetsQuery, runsQuery } from './runs'
import { timelineQuery } from './timeline'

const now = () => sampleNow
const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })

/** Answers a path and keeps the queries it was asked with. */
function recordQueries(path: string, answer: (query: URLSearchParams) => unknown): string[] {
  const asked: string[] = []
  server.use(
    http.get(path, ({ request }) => {
      const { search, searchParams } = new URL(request.url)
      asked.push(decodeURIComponent(search))
      return HttpResponse.json(answer(searchParams) as object)
    }),
  )
  return asked
}

async function failureOf(answer: () => Response): Promise<ApiError> {
  server.use(http.get('*/api/v1/factories', answer))
  const error = await client.fetchQuery(factoriesQuery()).catch((thrown: unknown) => thrown)
  if (!(error instanceof ApiError)) throw new Error(`not an ApiError: ${error}`)
  return error
}

beforeEach(() => client.clear())

describe('what is asked', () => {
  it('repeats a name for each of its values, and resolves the range when it asks', async () => {
    const asked = recordQueries('*/api/v1/runs/facets', () => ({}))
    const filter = {
      factory: ['a', 'b'],
      status: ['Failed'],
      open: false,
      range: '1h',
      zone: 'utc',
    }
    await client.fetchQuery(facetsQuery(filter as Parameters<typeof facetsQuery>[0], now))
    expect(asked).toEqual([
      '?factory=a&factory=b&status=Failed&open=false&from=2026-11-24T01:14:07Z',
    ])
  })

  it('gives every page of a list the bounds of the first, to which the cursor is bound', async () => {
    const asked = recordQueries('*/api/v1/runs', (query) =>
      sampleRunPage(sampleRuns(1), query.has('cursor') ? null : 'next'),
    )
    let clock = sampleNow
    const options = runsQuery({ range: '1h', sort: '-durationInMs' }, () => clock++)
    await client.fetchInfiniteQuery({ ...options, pages: 2 })
    expect(asked).toEqual([
      '?from=2026-11-24T01:14:07Z&sort=-durationInMs&limit=100',
      '?from=2026-11-24T01:14:07Z&sort=-durationInMs&cursor=next&limit=100',
    ])
  })

  it('asks for all of history from the first run of the scope on', async () => {
    const items = [
      sampleFactory({ factory: 'a', firstRunStart: '2026-10-03T00:00:00Z' }),
      sampleFactory({ factory: 'b', firstRunStart: '2024-01-01T00:00:00Z' }),
      sampleFactory({ factory: 'c', firstRunStart: null }),
    ]
    server.use(http.get('*/api/v1/factories', () => HttpResponse.json(sampleFactories(items))))
    const overviews = recordQueries('*/api/v1/overview', () => sampleOverview())
    const timelines = recordQueries('*/api/v1/timeline', () => sampleTimeline([]))
    await client.fetchQuery(overviewQuery({ range: 'all' }, now))
    await client.fetchQuery(overviewQuery({ range: 'all', factory: ['a', 'c'] }, now))
    await client.fetchQuery(timelineQuery({ range: 'all', factory: ['c'], bucket: '1d' }, now))
    expect(overviews).toEqual([
      '?from=2024-01-01T00:00:00Z',
      '?from=2026-10-03T00:00:00Z&factory=a&factory=c',
    ])
    expect(timelines).toEqual(['?factory=c&bucket=1d'])
  })

  it('names the factory of a run only when it is known', async () => {
    const asked = recordQueries('*/api/v1/runs/:runId', () => ({}))
    await client.fetchQuery(runQuery({ runId: 'x' }))
    await client.fetchQuery(runQuery({ runId: 'x', factory: 'a' }))
    expect(asked).toEqual(['', '?factory=a'])
  })
})

describe('the key of a query', () => {
  it('does not know the zone, nor the time of day', () => {
    const mine = runsQuery({ range: '1h', status: ['Failed'] }).queryKey
    const utc = runsQuery({ status: ['Failed'], range: '1h', zone: 'utc' }).queryKey
    expect(JSON.stringify(utc)).toBe(JSON.stringify(mine))
  })
})

describe('what is answered', () => {
  it('is an ApiError with all that a problem document says', async () => {
    const document = {
      type: 'about:blank',
      title: 'A filter is not understood',
      status: 400,
      detail: 'No run has the status Broken.',
      errors: [{ location: 'query.status', message: 'allowed: Failed', value: 'Broken' }],
    }
    const error = await failureOf(() => HttpResponse.json(document, { status: 400 }))
    expect(error).toMatchObject({
      status: 400,
      title: document.title,
      detail: document.detail,
      errors: [{ location: 'query.status', message: 'allowed: Failed' }],
    })
  })

  it.each<[string, () => Response, number, string]>([
    [
      'a problem',
      () => problem(503, 'The store does not answer'),
      503,
      'The store does not answer',
    ],
    [
      'the page of a gateway',
      () => new HttpResponse('<html>502</html>', { status: 502 }),
      502,
      'The server answered 502',
    ],
    [
      'a body that was cut',
      () => new HttpResponse('{"items": [', { headers: { 'content-type': 'application/json' } }),
      502,
      'The answer was cut short or is not JSON',
    ],
    ['nothing', () => HttpResponse.error(), 0, 'The Andon server does not answer'],
    [
      'a problem of strange shape',
      () => HttpResponse.json({ title: 7, errors: 'none' }, { status: 500 }),
      500,
      'The server answered 500',
    ],
  ])('%s is an ApiError', async (_what, answer, status, title) => {
    expect(await failureOf(answer)).toMatchObject({ status, title })
  })
})
