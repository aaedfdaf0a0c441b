import { describe, expect, it } from 'vitest'
import { placeOf } from './place'

const start = '2026-11-24T02:00:00Z'
const end = '2026-11-24T02:10:00Z'
const future = { runStart: '2099-01-01T00:00:00Z', lastUpdated: end }
const odd = (field: string) => ({ field, problem: 'lies in the future', text: '' })

describe('where a run stands in time', () => {
  it('is its start', () => {
    expect(placeOf({ runStart: start, lastUpdated: end, odd: [] })).toBe(start)
    expect(placeOf({ runStart: start, lastUpdated: end, odd: [odd('runEnd')] })).toBe(start)
  })

  it('is its last update where the start is absent or cannot be', () => {
    expect(placeOf({ runStart: null, lastUpdated: end, odd: [odd('runStart')] })).toBe(end)
    expect(placeOf({ ...future, odd: [odd('runStart')] })).toBe(end)
  })

  it('is unknown where neither can be', () => {
    expect(placeOf({ ...future, odd: [odd('runStart'), odd('lastUpdated')] })).toBeNull()
  })
})
