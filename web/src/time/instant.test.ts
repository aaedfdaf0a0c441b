import { describe, expect, it } from 'vitest'
import { compareInstants, toInstant, toMillis, toUTC } from './instant'

describe('compareInstants', () => {
  it.each([
    ['2026-11-24T02:00:00Z', '2026-11-24T02:00:00.0000001Z', -1],
    ['2026-11-24T02:00:00.12Z', '2026-11-24T02:00:00.1234567Z', -1],
    ['2026-11-24T02:00:00.2Z', '2026-11-24T02:00:00.1999999Z', 1],
    ['2026-11-24T02:00:00.5Z', '2026-11-24T02:00:00.5Z', 0],
    ['2026-11-24T02:00:00.50Z', '2026-11-24T02:00:00.5Z', 0],
    [null, '2026-11-24T02:00:00Z', -1],
    [null, undefined, 0],
  ])('orders %s and %s: %d', (a, b, order) => {
    expect(Math.sign(compareInstants(a, b))).toBe(order)
    expect(Math.sign(compareInstants(b, a))).toBe(order === 0 ? 0 : -order)
  })
})

describe('toInstant', () => {
  it.each(['2026-11-24T02:00:00Z', '2026-11-24T02:00:00.5Z', '2026-11-24T02:00:00.123Z'])(
    'writes back %s as it was read',
    (instant) => {
      expect(toInstant(toMillis(instant) ?? 0)).toBe(instant)
    },
  )
})

describe('toUTC', () => {
  it.each([
    ['2026-11-24T04:00:00.1234567+01:00', '2026-11-24T03:00:00.1234567Z'],
    ['2026-11-23T22:30:00-05:30', '2026-11-24T04:00:00Z'],
    ['2026-11-24T04:00:00.5Z', '2026-11-24T04:00:00.5Z'],
  ])('writes %s as %s', (instant, utc) => {
    expect(toUTC(instant)).toBe(utc)
  })
})
