import type { StripRun } from '../api/types'
import { statusOf, type Tone, toneOf } from '../status/status'

export interface Bar {
  run: StripRun
  tone: Tone
  /** Height in pixels, of 24. */
  height: number
}

const full = 24
const tallestGood = 18
const lowest = 4

/**
 * The bars of a strip: good ones grow with duration up to 18 px, failed ones stand out at the full 24, cancelled ones
 * lie low. What has no duration is drawn at its lowest.
 */
export function barsOf(runs: StripRun[]): Bar[] {
  const longest = Math.max(0, ...runs.map((run) => run.durationInMs ?? 0))
  return runs.map((run) => {
    const tone = toneOf(statusOf(run), run.healedBy !== null)
    return { run, tone, height: heightOf(tone, run.durationInMs, longest) }
  })
}

function heightOf(tone: Tone, duration: number | null, longest: number): number {
  if (tone === 'bad' || tone === 'healed') return full
  if (tone === 'off') return lowest
  const share = duration === null || longest === 0 ? 0 : duration / longest
  return Math.round(lowest + share * (tallestGood - lowest))
}
