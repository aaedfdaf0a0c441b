import { queryOptions } from '@tanstack/react-query'
import { api, body } from './client'
import { read } from './read'

export const runKey = ['run'] as const

/** Which run: a runId can stand in two factories, then `factory` (a short id) picks one. */
export interface RunRef {
  runId: string
  factory?: string | undefined
}

function request({ runId, factory }: RunRef) {
  return { path: { runId }, query: factory ? { factory } : {} }
}

/** One run whole, with parameters and Azure's own JSON. */
export function runQuery(ref: RunRef) {
  return queryOptions({
    queryKey: [...runKey, ref.runId, 'detail', ref.factory],
    queryFn: ({ signal }) =>
      read(body(api.GET('/api/v1/runs/{runId}', { params: request(ref), signal }))),
  })
}

/** Whether a person wants the activities though a policy keeps none of them; held beside the answers. */
export function wantedKey(ref: RunRef) {
  return ['wanted-activities', ref.runId, ref.factory] as const
}

/** Its activity runs, in order of start. */
export function activitiesQuery(ref: RunRef) {
  return queryOptions({
    queryKey: [...runKey, ref.runId, 'activities', ref.factory],
    queryFn: ({ signal, client }) => {
      const { path, query } = request(ref)
      const read = client.getQueryData(wantedKey(ref)) === true ? { read: true } : {}
      return body(
        api.GET('/api/v1/runs/{runId}/activities', {
          params: { path, query: { ...query, ...read } },
          signal,
        }),
      )
    },
  })
}

/** The run and its reruns, in order of start. */
export function groupQuery(ref: RunRef) {
  return queryOptions({
    queryKey: [...runKey, ref.runId, 'group', ref.factory],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/runs/{runId}/group', { params: request(ref), signal })),
  })
}

/** The runs it started itself. */
export function childrenQuery(ref: RunRef) {
  return queryOptions({
    queryKey: [...runKey, ref.runId, 'children', ref.factory],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/runs/{runId}/children', { params: request(ref), signal })),
  })
}
