/**
 * Calls `act` at once, and then at most once each `gapMs` for as long as it is asked to: the last wish is never lost.
 */
export function throttle(act: () => void, gapMs: number): { (): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting = false
  const fire = () => {
    if (!waiting) {
      timer = undefined
      return
    }
    waiting = false
    timer = setTimeout(fire, gapMs)
    act()
  }
  const ask = () => {
    waiting = true
    if (timer === undefined) fire()
  }
  ask.cancel = () => {
    clearTimeout(timer)
    timer = undefined
    waiting = false
  }
  return ask
}
