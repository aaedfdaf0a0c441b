import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { throttle } from './throttle'

describe('throttle', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('acts at once, then at most once a gap, and never loses the last wish', () => {
    const act = vi.fn()
    const ask = throttle(act, 1_000)
    for (let n = 0; n < 100; n++) ask()
    expect(act).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1_000)
    expect(act).toHaveBeenCalledTimes(2)
    vi.advanceTimersByTime(10_000)
    expect(act).toHaveBeenCalledTimes(2)
    ask()
    expect(act).toHaveBeenCalledTimes(3)
  })

  it('keeps to the gap at 100 wishes a second', () => {
    const act = vi.fn()
    const ask = throttle(act, 1_000)
    for (let n = 0; n < 1_000; n++) {
      ask()
      vi.advanceTimersByTime(10)
    }
    expect(act.mock.calls.length).toBeLessThanOrEqual(11)
  })

  it('forgets what it was asked when cancelled', () => {
    const act = vi.fn()
    const ask = throttle(act, 1_000)
    ask()
    ask()
    ask.cancel()
    vi.advanceTimersByTime(5_000)
    expect(act).toHaveBeenCalledTimes(1)
  })
})
