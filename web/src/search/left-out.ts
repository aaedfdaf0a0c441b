import * as v from 'valibot'
import { recoveryStates } from '../status/status'
import type { SearchValues } from './codec'
import { runFilterFields, runSorts } from './schema'

/** A value of the URL that no page can use, and what its parameter allows. */
export interface LeftOut {
  name: string
  value: string
  allowed: string
}

const time = 'one time with its zone, such as 2026-11-24T02:00:00Z'

/** What a parameter allows. Parameters that are not here go to the server as they are, which says itself what is wrong. */
const allowed = {
  range: 'one of 30m, 36h, 7d and the like, up to 2000w, or all',
  from: time,
  to: time,
  zone: 'utc',
  group: 'latest',
  recovery: recoveryStates.join(', '),
  open: 'true or false',
  minDuration: 'one duration, such as 90s, 5m or 1h30m',
  q: 'one text',
  sort: runSorts.join(', '),
} as const

/** What the pages leave out of a URL. A link that loses a filter shows more runs than it was meant to, and must say so. */
export function leftOutOf(search: SearchValues): LeftOut[] {
  const kept = v.parse(runFilterFields, search)
  return names.flatMap((name) => {
    const used = [kept[name] ?? []].flat().map(String)
    return [search[name] ?? []]
      .flat()
      .map((value) => String(value).trim())
      .filter((value) => value !== '' && !used.includes(value))
      .map((value) => ({ name, value, allowed: allowed[name] }))
  })
}

const names = Object.keys(allowed) as (keyof typeof allowed)[]
