import { queryOptions } from '@tanstack/react-query'
import { api, body, ofThisBoard } from './client'

const surroundingsKey = ['surroundings'] as const

export function surroundingsKeyOf(factory: string) {
  return [...surroundingsKey, factory] as const
}

/** Until when a factory's definitions, triggers and integration runtimes are known. `resource` events refresh it. */
export function surroundingsQuery(factory: string) {
  return queryOptions({
    queryKey: surroundingsKeyOf(factory),
    queryFn: ({ signal }) =>
      body(
        api.GET('/api/v1/factories/{factory}/surroundings', {
          params: { path: { factory } },
          signal,
        }),
      ),
  })
}

/** Has them read now, and returns what was known before. */
export function askForSurroundings(factory: string) {
  return body(
    api.POST('/api/v1/factories/{factory}/surroundings', {
      params: { path: { factory } },
      headers: ofThisBoard,
    }),
  )
}
