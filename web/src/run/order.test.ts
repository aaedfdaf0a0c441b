import { describe, expect, it } from 'vitest'
import { sampleRun } from '../testing/samples'
import { comesBefore } from './order'

describe('comesBefore', () => {
  it.each(['-runStart', '-durationInMs'] as const)('by %s an equal run comes first', (sort) => {
    expect(comesBefore(sort)(sampleRun(), sampleRun({ runId: 'a' }))).toBe(true)
  })

  it.each(['runStart', 'durationInMs'] as const)('by %s an equal run comes after', (sort) => {
    expect(comesBefore(sort)(sampleRun(), sampleRun({ runId: 'a' }))).toBe(false)
  })

  it.each(['-durationInMs', 'durationInMs'] as const)('by %s no duration is last', (sort) => {
    const running = sampleRun({ durationInMs: null })
    expect(comesBefore(sort)(running, sampleRun())).toBe(false)
    expect(comesBefore(sort)(sampleRun(), running)).toBe(true)
  })
})
