import { describe, expect, it } from 'vitest'
import type { Factory } from '../api/types'
import { sampleFactory } from '../testing/samples'
import { summarizeFreshness } from './freshness-summary'

function factory(name: string, state: Factory['state'], asOf: string | null): Factory {
  return sampleFactory({ factory: name, name, state, asOf })
}

const old = '2026-11-24T01:52:08Z'
const recent = '2026-11-24T02:14:00Z'
const newest = '2026-11-24T02:14:03Z'

describe('summarizeFreshness', () => {
  it('is as of the oldest that is kept up to date', () => {
    const factories = [factory('a', 'fresh', newest), factory('b', 'fresh', recent)]
    expect(summarizeFreshness(factories, [], undefined)).toMatchObject({
      asOf: recent,
      stale: 0,
      allStale: false,
    })
  })

  it('counts what is stale apart', () => {
    const factories = [
      factory('a', 'fresh', newest),
      factory('b', 'stale', old),
      factory('c', 'refused', null),
    ]
    expect(summarizeFreshness(factories, [], undefined)).toMatchObject({ asOf: newest, stale: 2 })
  })

  it('is as of the newest known once all stand still', () => {
    const factories = [factory('a', 'stale', old), factory('b', 'stale', recent)]
    expect(summarizeFreshness(factories, [], undefined)).toMatchObject({
      asOf: recent,
      allStale: true,
    })
  })

  it('distinguishes what was never read from what is stale', () => {
    const never = { ...factory('c', 'refused', null), neverRead: true }
    const factories = [factory('a', 'fresh', newest), factory('b', 'stale', old), never]
    expect(summarizeFreshness(factories, [], undefined)).toMatchObject({
      asOf: newest,
      stale: 1,
      neverRead: 1,
    })
  })

  it('leaves out what Azure no longer has and what nobody collects', () => {
    const factories = [
      factory('a', 'fresh', newest),
      factory('b', 'gone', old),
      factory('c', 'not collected', old),
    ]
    expect(summarizeFreshness(factories, [], undefined)).toMatchObject({ asOf: newest, stale: 0 })
  })

  it('is about the scope only', () => {
    const factories = [factory('a', 'fresh', newest), factory('b', 'stale', old)]
    expect(summarizeFreshness(factories, [], ['a'])).toMatchObject({ stale: 0, total: 1 })
  })

  it('knows nothing before anything has been read', () => {
    expect(summarizeFreshness([factory('a', 'filling', null)], [], undefined)).toMatchObject({
      asOf: null,
      filling: 1,
      allStale: false,
    })
    expect(summarizeFreshness([], [], undefined)).toMatchObject({ asOf: null, total: 0 })
  })
})
