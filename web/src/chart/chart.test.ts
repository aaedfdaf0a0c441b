import { describe, expect, it } from 'vitest'
import { sampleBucket } from '../testing/samples'
import { countsOf, describeBucket, guideOf, sumTallies, tallyOf, totalOf } from './buckets'
import { ticksOf } from './ticks'

describe('tallyOf', () => {
  it('splits failed runs by what became of them', () => {
    const failures = { open: 1, notRedone: 2, recovered: 3, underived: 4 }
    const tally = tallyOf(sampleBucket({ counts: { Succeeded: 5, Failed: 10 }, ...failures }))
    const { ok, bad, notRedone, recovered, underived } = tally
    expect([ok, bad, notRedone, recovered, underived, totalOf(tally)]).toEqual([5, 1, 2, 3, 4, 15])
  })

  it('counts a status it does not know', () => {
    expect(tallyOf(sampleBucket({ counts: { Paused: 2 } })).unknown).toBe(2)
  })

  it('never makes more of the runs than there are', () => {
    const tally = tallyOf(sampleBucket({ counts: { Failed: 1 }, notRedone: 5, recovered: 5 }))
    expect(totalOf(tally)).toBe(1)
  })
})

describe('describeBucket', () => {
  it.each([
    [{ counts: { Succeeded: 23, Failed: 1 }, open: 1 }, '23 succeeded, 1 failed, open'],
    [
      { counts: { Failed: 3 }, notRedone: 1, recovered: 1, underived: 1 },
      '1 failed, not redone, 1 failed, recovered, 1 failed, recovery being derived',
    ],
    [{ counts: {} }, 'no runs'],
    [{ counts: {}, covered: 'no' as const }, 'not known'],
    [{ counts: { Succeeded: 1 }, covered: 'partly' as const }, '1 succeeded, only partly known'],
    [{ counts: { Paused: 2 } }, '2 Paused'],
  ])('%j is "%s"', (fields, text) => {
    expect(describeBucket(sampleBucket(fields))).toBe(text)
  })
})

describe('countsOf', () => {
  it('sums buckets and leaves out what there is none of', () => {
    const tallies = [{ Succeeded: 2 }, { Succeeded: 1, Cancelled: 1 }].map((counts) =>
      tallyOf(sampleBucket({ counts })),
    )
    expect(countsOf(sumTallies(tallies), []).map(({ tone, count }) => [tone, count])).toEqual([
      ['ok', 3],
      ['off', 1],
    ])
  })

  it('calls what it does not know as it was sent', () => {
    const counts = { Paused: 2, Succeeded: 1, Resting: 1 }
    const found = countsOf(tallyOf(sampleBucket({ counts })), Object.keys(counts))
    expect(found.map(({ count, word }) => `${count} ${word}`)).toEqual([
      '1 succeeded',
      '3 Paused or Resting',
    ])
  })
})

describe('guideOf', () => {
  it.each([
    [0, 0],
    [1, 1],
    [4, 2],
    [67, 50],
    [100, 100],
    [1_999, 1_000],
  ])('for at most %d it stands at %d', (max, guide) => {
    expect(guideOf(max)).toBe(guide)
  })
})

describe('ticksOf', () => {
  const now = Date.parse('2026-11-24T02:14:07Z')
  const labels = (from: string, to: string, most: number, zone = 'UTC') =>
    ticksOf(Date.parse(from), Date.parse(to), most, zone, now).map((tick) =>
      tick.label.replaceAll('\u00a0', ' '),
    )

  it('names midnight by its day', () => {
    expect(labels('2026-11-23T18:00:00Z', '2026-11-24T03:00:00Z', 4)).toEqual([
      '18:00',
      '21:00',
      'Tue 24 Nov',
    ])
  })

  it('is round by the clock of the zone', () => {
    expect(labels('2026-11-23T18:00:00Z', '2026-11-24T03:00:00Z', 4, 'Asia/Kolkata')).toEqual([
      'Tue 24 Nov',
      '03:00',
      '06:00',
    ])
  })

  it('stays round over the change to summer time', () => {
    expect(labels('2026-03-28T23:00:00Z', '2026-03-29T11:00:00Z', 4, 'Europe/Stockholm')).toEqual(
      ['Sun 29 Mar', '03:00', '06:00', '09:00', '12:00'].slice(0, 5),
    )
  })

  it('names months when years are shown', () => {
    expect(labels('2025-01-15T00:00:00Z', '2026-11-24T00:00:00Z', 4)).toEqual([
      'Jul 2025',
      'Jan',
      'Jul',
    ])
  })

  it.each([1, 2, 3, 5, 8, 12])(
    'gives at most about %d ticks for ranges of every length',
    (most) => {
      for (let hours = 1; hours < 24 * 800; hours = Math.ceil(hours * 1.7)) {
        const from = now - hours * 3_600_000
        expect(ticksOf(from, now, most, 'Europe/Stockholm', now).length).toBeLessThanOrEqual(
          most + 1,
        )
      }
    },
  )
})
