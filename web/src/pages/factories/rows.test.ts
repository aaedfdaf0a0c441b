import { describe, expect, it } from 'vitest'
import { sampleCollected, sampleCollection, sampleFactory, sampleNow } from '../../testing/samples'
import { rowsOf, sorted, sumOf } from './rows'
import type { FactorySort } from './search'

const factories = [
  sampleFactory({ factory: 'a', name: 'a', source: 'y', asOf: '2026-11-24T02:14:00Z', runs: 5 }),
  sampleFactory({
    factory: 'b',
    name: 'b',
    source: 'x',
    asOf: '2026-11-24T01:00:00Z',
    state: 'stale',
  }),
  sampleFactory({ factory: 'c', name: 'c', source: null, asOf: null }),
]
const usage = { ...sampleCollected().usage, requests: 240 }
const lags = [{ start: '2026-11-24T02:00:00Z', seconds: 40 }]
const collection = sampleCollection([
  sampleCollected({ factory: 'a', runs: 3, usage, lags }),
  sampleCollected({
    factory: 'b',
    runs: 7,
    lags: [{ start: '2026-11-24T02:00:00Z', seconds: 900 }],
  }),
])
const rows = rowsOf({ factories, collection, allRuns: false, now: sampleNow })

describe('the rows', () => {
  it('put what needs a look first, and know what is not known', () => {
    expect(rows.map((r) => [r.factory.name, r.runs, r.perHour])).toEqual([
      ['b', 7, null],
      ['a', 3, 240],
      ['c', null, null],
    ])
  })

  it('take the runs of all history from the factories', () => {
    const all = rowsOf({ factories, collection: undefined, allRuns: true, now: sampleNow })
    expect(all.map((r) => r.runs)).toEqual([10, 5, 10])
  })

  it.each<[FactorySort, string]>([
    ['name', 'abc'],
    ['-name', 'cba'],
    ['source', 'bac'],
    ['asOf', 'bac'],
    ['-asOf', 'abc'],
    ['-lag', 'bac'],
    ['runs', 'abc'],
    ['-runs', 'bac'],
    ['-requests', 'abc'],
  ])('are sorted by %s, what is not known last', (sort, order) => {
    const names = sorted(rows, sort).map((r) => r.factory.name)
    expect(names.join('')).toBe(order)
  })

  it('have no sum while a part is not known', () => {
    expect(sumOf([1, 2, 3])).toBe(6)
    expect(sumOf([1, null])).toBeNull()
    expect(sumOf([])).toBe(0)
  })
})
