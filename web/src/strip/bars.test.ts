import { describe, expect, it } from 'vitest'
import { sampleFailure, sampleRecovery, sampleRun, sampleStripRun } from '../testing/samples'
import { barsOf } from './bars'

describe('barsOf', () => {
  it('lets failed runs stand out, whatever they took', () => {
    const runs = [
      sampleRun({ durationInMs: 100_000 }),
      sampleFailure({ durationInMs: 1 }),
      sampleFailure({ durationInMs: 1, recovery: sampleRecovery('notRedone') }),
      sampleFailure({ durationInMs: 1, recovery: sampleRecovery('recovered') }),
      sampleFailure({ durationInMs: 1, recovery: null }),
      sampleRun({ status: 'Cancelled', durationInMs: 900_000 }),
    ]
    expect(barsOf(runs.map(sampleStripRun)).map(({ tone, height }) => [tone, height])).toEqual([
      ['ok', 6],
      ['bad', 24],
      ['notRedone', 24],
      ['recovered', 24],
      ['underived', 24],
      ['off', 4],
    ])
  })

  it('grows with duration up to 18 px', () => {
    const runs = [0, 50, 100].map((durationInMs) => sampleStripRun(sampleRun({ durationInMs })))
    expect(barsOf(runs).map((bar) => bar.height)).toEqual([4, 11, 18])
  })

  it('draws a run without duration at its lowest, and nothing for no runs', () => {
    const running = sampleStripRun(sampleRun({ status: 'InProgress', durationInMs: null }))
    expect(barsOf([running])[0]?.height).toBe(4)
    expect(barsOf([])).toEqual([])
  })
})
