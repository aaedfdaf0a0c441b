import type { StripRun } from '../api/types'
import { isFailure, outcomeOf, statusOf, type Tone, toneOf } from '../status/status'

export interface Bar {
  run: StripRun
  tone: Tone
  /** Height in pixels, of 24. */
  height: number
}

const full = 24
const tallestSucceeded = 18
const lowest = 4

/**
 * The bars of a strip: succeeded ones grow with duration up to 18 px, failed ones have the full 24, cancelled ones are
 * low. What has no duration is drawn at its lowest.
 */
export function barsOf(runs: StripRun[]): Bar[] {
  const longest = Math.max(0, ...runs.map((run) => run.durationInMs ?? 0))
  return runs.map((run) => {
    const tone = toneOf(statusOf(run), outcomeOf(run))
    return { run, tone, height: heightOf(tone, run.durationInMs, longest) }
  })
}

function heightOf(tone: Tone, duration: number | null, longest: number): number {
  if (isFailure(tone)) return full
  if (tone === 'off') return lowest
  const share = duration === null || longest === 0 ? 0 : duration / longest
  return Math.round(lowest + share * (tallestSucceeded - lowest))
}
