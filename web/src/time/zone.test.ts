import { describe, expect, it } from 'vitest'
import { fromWallClock, offsetName, startOfDay, wallClock, zoneName } from './zone'

const zones = ['UTC', 'Europe/Stockholm', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe']
const hour = 3_600_000

describe('fromWallClock', () => {
  it.each(zones)('finds back every hour of a year in %s', (zone) => {
    const first = Date.parse('2026-01-01T00:30:00Z')
    for (let n = 0; n < 365 * 24; n += 7) {
      const at = first + n * hour
      const back = fromWallClock(zone, wallClock(zone, at))
      // An hour that occurs twice reads as the first of the two.
      expect(wallClock(zone, back)).toEqual(wallClock(zone, at))
    }
  })

  it('moves a time that summer time skips behind the change', () => {
    const wall = { year: 2026, month: 3, day: 29, hour: 2, minute: 30, second: 0 }
    const at = fromWallClock('Europe/Stockholm', wall)
    expect(new Date(at).toISOString()).toBe('2026-03-29T01:30:00.000Z')
  })

  it('takes the first of a time that occurs twice', () => {
    const wall = { year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 0 }
    const at = fromWallClock('Europe/Stockholm', wall)
    expect(new Date(at).toISOString()).toBe('2026-10-25T00:30:00.000Z')
  })
})

describe('startOfDay', () => {
  it('is midnight of the zone on days of 23 and 25 hours too', () => {
    const spring = startOfDay('Europe/Stockholm', Date.parse('2026-03-29T12:00:00Z'))
    const autumn = startOfDay('Europe/Stockholm', Date.parse('2026-10-25T12:00:00Z'))
    expect(startOfDay('Europe/Stockholm', spring, 1) - spring).toBe(23 * hour)
    expect(startOfDay('Europe/Stockholm', autumn, 1) - autumn).toBe(25 * hour)
  })
})

describe('zoneName', () => {
  const winter = Date.parse('2026-11-24T00:00:00Z')
  it.each([
    ['Europe/Stockholm', 'Stockholm, UTC+1'],
    ['America/New_York', 'New York, UTC−5'],
    ['Asia/Kolkata', 'Kolkata, UTC+5:30'],
    ['UTC', 'UTC'],
  ])('calls %s "%s"', (zone, name) => {
    expect(zoneName(zone, winter)).toBe(name)
  })

  it('goes along with summer time', () => {
    expect(offsetName('Europe/Stockholm', Date.parse('2026-07-01T00:00:00Z'))).toBe('UTC+2')
  })
})
