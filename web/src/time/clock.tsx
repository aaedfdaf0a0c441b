import { createContext, useContext, useMemo, useSyncExternalStore } from 'react'

/** One ticking clock, shared by all ages on a page, so that they change together and cost one timer. */
export interface Clock {
  now(): number
  subscribe(onTick: () => void): () => void
}

/** A clock that ticks once a second, only while somebody listens and the page is visible. */
function createClock(now: () => number = Date.now): Clock {
  const listeners = new Set<() => void>()
  let timer: ReturnType<typeof setInterval> | undefined

  const tick = () => {
    if (document.visibilityState === 'hidden') return
    for (const listener of listeners) listener()
  }
  return {
    now,
    subscribe(onTick) {
      if (listeners.size === 0) {
        timer = setInterval(tick, 1_000)
        document.addEventListener('visibilitychange', tick)
      }
      listeners.add(onTick)
      return () => {
        listeners.delete(onTick)
        if (listeners.size > 0) return
        clearInterval(timer)
        document.removeEventListener('visibilitychange', tick)
      }
    },
  }
}

const ClockContext = createContext<Clock>(createClock())

export const ClockProvider = ClockContext.Provider

/**
 * The time now in milliseconds, renewed with each whole `stepMs` (a multiple of a second): what shows minutes need not
 * be drawn each second.
 */
export function useNow(stepMs = 1_000): number {
  const clock = useContext(ClockContext)
  const snapshot = useMemo(() => () => Math.floor(clock.now() / stepMs) * stepMs, [clock, stepMs])
  return useSyncExternalStore(clock.subscribe, snapshot)
}

/** The clock itself, for code that acts and does not draw. */
export function useClock(): Clock {
  return useContext(ClockContext)
}
