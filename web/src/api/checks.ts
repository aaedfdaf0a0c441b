import { queryOptions } from '@tanstack/react-query'
import { api, body, ofThisBoard } from './client'

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
      headers: ofThisBoard,
    }),
  )
}
