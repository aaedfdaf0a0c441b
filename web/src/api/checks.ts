import { queryOptions } from '@tanstack/react-query'
import { api, body } from './client'

const askAgainMs = 2_000

/** What the last check of a source found. Asked again while one is under way, whoever started it. */
export function checkQuery(source: string) {
  return queryOptions({
    queryKey: ['check', source],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/sources/{source}/check', { params: { path: { source } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? askAgainMs : false),
  })
}

/** Starts a check, or joins the one under way, and waits for its end; "running" when it takes longer than that. */
export function startCheck(source: string) {
  return body(
    api.POST('/api/v1/sources/{source}/check', {
      params: { path: { source } },
      // A request that changes something has to say that it is of this board: a foreign page's form can't.
      headers: { 'Content-Type': 'application/json' },
    }),
  )
}
