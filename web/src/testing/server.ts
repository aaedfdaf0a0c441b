import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import {
  sampleCheck,
  sampleCollection,
  sampleFacets,
  sampleFactories,
  sampleOverview,
  sampleRunDetail,
  sampleRunPage,
  sampleSurroundings,
  sampleTimeline,
} from './samples'

/**
 * The API as tests see it: each path answers with a small sample. A test says what it is about with
 * `server.use(http.get(…))`; a path that nobody answers fails the test.
 */
export const server = setupServer(
  http.get('*/api/v1/factories', () => HttpResponse.json(sampleFactories())),
  http.get('*/api/v1/collection', () => HttpResponse.json(sampleCollection())),
  http.get('*/api/v1/factories/:factory/surroundings', () =>
    HttpResponse.json(sampleSurroundings('2026-11-24T02:11:07Z')),
  ),
  http.get('*/api/v1/sources/:source/check', ({ params }) =>
    HttpResponse.json(sampleCheck({ source: String(params.source) })),
  ),
  http.get('*/api/v1/overview', () => HttpResponse.json(sampleOverview())),
  http.get('*/api/v1/timeline', () => HttpResponse.json(sampleTimeline([{ Succeeded: 3 }]))),
  http.get('*/api/v1/runs', () => HttpResponse.json(sampleRunPage([]))),
  http.get('*/api/v1/runs/facets', () => HttpResponse.json(sampleFacets())),
  http.get('*/api/v1/runs/:runId', () => HttpResponse.json(sampleRunDetail())),
  http.get('*/api/v1/runs/:runId/activities', () =>
    HttpResponse.json({ items: [], nextCursor: null, state: 'complete', reason: null, asOf: null }),
  ),
  http.get('*/api/v1/runs/:runId/group', () => HttpResponse.json({ items: [], nextCursor: null })),
  http.get('*/api/v1/runs/:runId/children', () =>
    HttpResponse.json({ items: [], nextCursor: null }),
  ),
)

/** An error as the API gives it, as a problem document. */
export function problem(status: number, title: string, detail = ''): Response {
  return HttpResponse.json(
    { type: 'about:blank', title, status, detail, errors: [] },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )
}
