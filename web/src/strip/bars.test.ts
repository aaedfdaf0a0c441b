import { describe, expect, it } from 'vitest'
import { sampleFailure, sampleRun } from '../testing/samples'
import { barsOf } from './bars'

describe('barsOf', () => {
  it('lets failed runs stand out, whatever they took', () => {
    const runs = [
      sampleRun({ durationInMs: 100_000 }),
      sampleFailure({ durationInMs: 1 }),
      sampleFailure({ durationInMs: 1, open: false, healedBy: 'later' }),
      sampleRun({ status: 'Cancelled', durationInMs: 900_000 }),
    ]
    expect(barsOf(runs).map(({ tone, height }) => [tone, height])).toEqual([
      ['ok', 6],
      ['bad', 24],
      ['healed', 24],
      ['off', 4],
    ])
  })

  it('grows with duration up to 18 px', () => {
    const runs = [0, 50, 100].map((durationInMs) => sampleRun({ durationInMs }))
    expect(barsOf(runs).map((bar) => bar.height)).toEqual([4, 11, 18])
  })

  it('draws a run without duration at its lowest, and nothing for no runs', () => {
    expect(barsOf([sampleRun({ status: 'InProgress', durationInMs: null })])[0]?.height).toBe(4)
    expect(barsOf([])).toEqual([])
  })
})
