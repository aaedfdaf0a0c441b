import { describe, expect, it } from 'vitest'
import { describeRange, parseRange, relativeMillis, resolveRange, widenRange } from './range'

// Tuesday, 02:14 in UTC and 03:14 in Stockholm.
const now = Date.parse('2026-11-24T02:14:07Z')

describe('parseRange', () => {
  it.each([
    ['last 36h', { range: '36h' }],
    ['36h', { range: '36h' }],
    ['  Last  2 Days ', { range: '2d' }],
    ['90 minutes', { range: '90m' }],
    ['last week', { range: '1w' }],
    ['all', { range: 'all' }],
    ['all history', { range: 'all' }],
    ['today', { from: '2026-11-24T00:00:00Z' }],
    ['yesterday', { from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z' }],
    ['since 18:00', { from: '2026-11-23T18:00:00Z' }],
    ['since 01:30', { from: '2026-11-24T01:30:00Z' }],
    ['18:00 to 06:00', { from: '2026-11-23T18:00:00Z', to: '2026-11-24T06:00:00Z' }],
    ['yesterday 18:00–06:00', { from: '2026-11-23T18:00:00Z', to: '2026-11-24T06:00:00Z' }],
    ['yesterday 18:00 – 20:00', { from: '2026-11-23T18:00:00Z', to: '2026-11-23T20:00:00Z' }],
    ['yesterday 18:00 to now', { from: '2026-11-23T18:00:00Z' }],
    ['from yesterday to today', { from: '2026-11-23T00:00:00Z', to: '2026-11-25T00:00:00Z' }],
    ['mon', { from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z' }],
    ['friday', { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' }],
    ['23 Nov', { from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z' }],
    ['24 Dec', { from: '2025-12-24T00:00:00Z', to: '2025-12-25T00:00:00Z' }],
    ['3 October 2025', { from: '2025-10-03T00:00:00Z', to: '2025-10-04T00:00:00Z' }],
    ['23 Nov 18:00 to 24 Nov 06:00', { from: '2026-11-23T18:00:00Z', to: '2026-11-24T06:00:00Z' }],
    ['2026-11-20 to 2026-11-21', { from: '2026-11-20T00:00:00Z', to: '2026-11-22T00:00:00Z' }],
    ['2026-11-20 08:15:30 to 09:00', { from: '2026-11-20T08:15:30Z', to: '2026-11-20T09:00:00Z' }],
    [
      '2026-11-23T18:00:00+01:00 to 2026-11-23T19:00:00Z',
      { from: '2026-11-23T17:00:00Z', to: '2026-11-23T19:00:00Z' },
    ],
  ])('understands "%s"', (typed, range) => {
    expect(parseRange(typed, now, 'UTC')).toEqual(range)
  })

  it.each([
    '',
    'h',
    'days',
    '0h',
    'last',
    'tomorrow',
    'since tomorrow',
    '25:00',
    '31 feb',
    '2026-02-30',
    'monster',
    '06:00 to',
    'today to yesterday',
    '1 to 2 to 3',
    '<script>',
  ])('does not understand "%s"', (typed) => {
    expect(parseRange(typed, now, 'UTC')).toBeNull()
  })

  it('takes times by the clock of the zone', () => {
    expect(parseRange('yesterday', now, 'Europe/Stockholm')).toEqual({
      from: '2026-11-22T23:00:00Z',
      to: '2026-11-23T23:00:00Z',
    })
  })
})

describe('describeRange', () => {
  it.each([
    [{}, 'Last 24 h'],
    [{ range: '7d' }, 'Last 7 days'],
    [{ range: '1d' }, 'Last 1 day'],
    [{ range: '90m' }, 'Last 90 min'],
    [{ range: 'all' }, 'All history'],
    [{ from: '2026-11-24T01:00:00Z' }, 'Since 01:00'],
    [{ from: '2026-11-23T18:00:00Z' }, 'Since Mon 23 Nov 18:00'],
    [{ to: '2026-11-24T01:00:00Z' }, 'Until 01:00'],
    [{ from: '2026-11-24T01:00:00Z', to: '2026-11-24T02:00:30Z' }, '01:00 – 02:00:30'],
    [
      { from: '2026-11-20T01:00:00Z', to: '2026-11-24T02:00:00Z' },
      'Fri 20 Nov 01:00 – Tue 24 Nov 02:00',
    ],
  ])('says %j as "%s"', (range, text) => {
    expect(describeRange(range, now, 'UTC').replaceAll('\u00a0', ' ')).toBe(text)
  })
})

describe('resolveRange', () => {
  it('leaves a relative range open to what comes', () => {
    expect(resolveRange({ range: '1h' }, now)).toEqual({ from: '2026-11-24T01:14:07Z' })
  })

  it('bounds all of history by nothing', () => {
    expect(resolveRange({ range: 'all' }, now)).toEqual({})
  })

  it('prefers fixed moments to a relative range', () => {
    const from = '2026-11-20T00:00:00Z'
    expect(resolveRange({ range: '1h', from }, now)).toEqual({ from })
  })
})

describe('widenRange', () => {
  it('climbs the presets and ends at all of history', () => {
    const climbed = ['1h']
    for (let n = 0; n < 7; n++) climbed.push(widenRange({ range: climbed.at(-1) }, now).range ?? '')
    expect(climbed).toEqual(['1h', '6h', '24h', '7d', '30d', '90d', 'all', 'all'])
  })

  it('doubles a fixed range around its middle', () => {
    expect(widenRange({ from: '2026-11-20T10:00:00Z', to: '2026-11-20T12:00:00Z' }, now)).toEqual({
      from: '2026-11-20T09:00:00Z',
      to: '2026-11-20T13:00:00Z',
    })
  })

  it('never reaches past now', () => {
    expect(widenRange({ from: '2026-11-24T00:00:00Z', to: '2026-11-24T02:00:00Z' }, now)).toEqual({
      from: '2026-11-23T23:00:00Z',
    })
  })
})

describe('relativeMillis', () => {
  it.each(['0h', '1y', 'h', '', '1.5h', '999999d'])('refuses "%s"', (range) => {
    expect(relativeMillis(range)).toBeNull()
  })
})
