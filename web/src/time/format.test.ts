import { describe, expect, it } from 'vitest'
import {
  formatAge,
  formatCount,
  formatCounted,
  formatDuration,
  formatShare,
  formatTime,
  formatWhole,
} from './format'

const now = Date.parse('2026-11-24T02:14:07Z')
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** No-break spaces keep figure and unit together; as plain spaces they are easier to read here. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ')
}

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [458, '458 ms'],
    [999, '999 ms'],
    [second, '1 s'],
    [59_999, '59 s'],
    [minute, '1 m 00 s'],
    [458_376, '7 m 38 s'],
    [hour - 1, '59 m 59 s'],
    [hour + 2 * minute, '1 h 02 m'],
    [day - 1, '23 h 59 m'],
    [28 * hour, '1 d 04 h'],
    [400 * day, '400 d 00 h'],
  ])('writes %d ms as "%s"', (millis, text) => {
    expect(plain(formatDuration(millis))).toBe(text)
  })

  it.each([null, undefined, -1])('writes %s as unknown, never as zero', (millis) => {
    expect(formatDuration(millis)).toBe('–')
  })
})

describe('formatAge', () => {
  it.each([
    [4 * second, '4 s'],
    [12 * minute, '12 m'],
    [3 * hour + 5 * minute, '3 h 05 m'],
    [2 * day + hour, '2 d'],
    [-5 * second, '0 s'],
  ])('writes %d ms as "%s"', (millis, text) => {
    expect(plain(formatAge(millis))).toBe(text)
  })
})

describe('formatTime', () => {
  it.each([
    ['2026-11-24T02:14:07.1234567Z', 'UTC', '02:14:07'],
    ['2026-11-23T23:30:00Z', 'UTC', 'Mon 23 Nov 23:30'],
    ['2026-11-23T23:30:00Z', 'Europe/Stockholm', '00:30:00'],
    ['2025-11-03T02:14:00Z', 'UTC', '3 Nov 2025 02:14'],
    ['2026-11-24T02:00:00Z', 'Asia/Kolkata', '07:30:00'],
  ])('writes %s in %s as "%s"', (instant, zone, text) => {
    expect(plain(formatTime(instant, zone, now))).toBe(text)
  })

  it.each([null, undefined, '', 'not a time'])('writes %s as unknown', (instant) => {
    expect(formatTime(instant, 'UTC', now)).toBe('–')
  })
})

describe('formatWhole', () => {
  it('gives the zone, its offset, and UTC with every digit', () => {
    expect(formatWhole('2026-11-24T01:14:07.1234567Z', 'Europe/Stockholm')).toBe(
      'Tue 24 Nov 2026 02:14:07 UTC+1 (Europe/Stockholm), 2026-11-24T01:14:07.1234567Z',
    )
  })

  it('does not name UTC twice', () => {
    expect(formatWhole('2026-11-24T01:14:07Z', 'UTC')).toBe(
      'Tue 24 Nov 2026 01:14:07 UTC, 2026-11-24T01:14:07Z',
    )
  })
})

describe('formatShare', () => {
  it.each([
    [1, '100 %'],
    [0, '0 %'],
    [0.9916, '99.2 %'],
    [0.99999, '99.9 %'],
    [0.00001, '0.1 %'],
    [null, '–'],
  ])('writes %s as "%s"', (share, text) => {
    expect(plain(formatShare(share))).toBe(text)
  })
})

describe('formatCounted', () => {
  it.each([
    [0, '0 runs'],
    [1, '1 run'],
    [2_000, '2,000 runs'],
    [null, '– runs'],
  ])('counts %s as "%s"', (count, text) => {
    expect(formatCounted(count, 'run')).toBe(text)
  })

  it('takes a plural that is not the noun with an s', () => {
    expect(formatCounted(2, 'factory', 'factories')).toBe('2 factories')
  })
})

describe('formatCount', () => {
  it('keeps zero and unknown apart', () => {
    expect([formatCount(0), formatCount(null), formatCount(undefined)]).toEqual(['0', '–', '–'])
  })
})
