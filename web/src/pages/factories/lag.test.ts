import { describe, expect, it } from 'vitest'
import { sampleCollected, sampleNow } from '../../testing/samples'
import { countedHours, lagLine, requestsPerHour } from './lag'

const quarter = 900_000
const lastSlot = Math.floor(sampleNow / quarter) * quarter

/** A slot so many quarter hours ago. */
function lag(ago: number, seconds: number) {
  return { start: new Date(lastSlot - ago * quarter).toISOString(), seconds }
}

describe('the line', () => {
  it('has a hole where slots are missing, and a dot at its end', () => {
    const line = lagLine([lag(5, 30), lag(4, 30), lag(1, 30), lag(0, 30)], sampleNow)
    expect(line.stretches.map((points) => points.length)).toEqual([2, 2])
    expect(line.missing).toBe(2)
    expect(line.end).toEqual(line.stretches[1]?.[1])
  })

  it('stays flat at the bottom while nothing is late, and rises for what is', () => {
    const [flat] = lagLine([lag(1, 30), lag(0, 60)], sampleNow).stretches
    expect(flat?.every(({ y }) => y > 13)).toBe(true)
    const line = lagLine([lag(1, 30), lag(0, 1_440)], sampleNow)
    expect(line.stretches[0]?.[1]?.y).toBe(3)
    expect(line.worst?.seconds).toBe(1_440)
    expect(line.usual).toBe(30)
  })

  it('has no end where it stopped long ago, and leaves out what is older than a day', () => {
    const line = lagLine([lag(200, 9_999), lag(9, 30)], sampleNow)
    expect(line.end).toBeNull()
    expect(line.worst?.seconds).toBe(30)
    expect(line.missing).toBe(8)
  })

  it('is nothing where nothing is known', () => {
    expect(lagLine([], sampleNow)).toEqual({
      stretches: [],
      end: null,
      worst: null,
      usual: null,
      missing: 0,
    })
  })
})

describe('requests per hour', () => {
  const used = (requests: number, ago: number) => {
    const item = sampleCollected({ lags: [lag(ago, 30)] })
    return { ...item, usage: { ...item.usage, requests } }
  }

  it('divides by the hours that were counted, at least one and at most a day', () => {
    expect(requestsPerHour(used(240, 8), sampleNow)).toBe(107)
    expect(requestsPerHour(used(240, 1), sampleNow)).toBe(240)
    expect(requestsPerHour(used(240, 400), sampleNow)).toBe(10)
    // Usage is counted by the hour: at 02:14:07 since 03:00 of the day before.
    expect(countedHours([], sampleNow)).toBeCloseTo(23 + 847 / 3600)
    expect(countedHours([], sampleNow - 847_000)).toBe(24)
    expect(requestsPerHour(undefined, sampleNow)).toBeNull()
  })
})
