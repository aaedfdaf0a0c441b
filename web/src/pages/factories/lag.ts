import type { FactoryCollection } from '../../api/types'
import { toMillis } from '../../time/instant'

const slotMillis = 15 * 60_000
const slotCount = 96
/** The scale's least height: what stays below it is no trouble, and is drawn flat. */
const leastScale = 300

export const lagWidth = 72
export const lagHeight = 20

interface Point {
  x: number
  y: number
}

interface LagLine {
  /** Stretches without a hole, each a line; one of a single point is a dot. */
  stretches: Point[][]
  /** Where the line ends, when it reaches into the last half hour. */
  end: Point | null
  /** In seconds; null when nothing is known. */
  worst: { seconds: number; start: string } | null
  usual: number | null
  /** How many quarter hours since the first known one are missing. */
  missing: number
}

/** How stale a factory got, as a line over the last 24 hours in which missing quarter hours are holes. */
export function lagLine(lags: FactoryCollection['lags'], now: number): LagLine {
  const lastSlot = Math.floor(now / slotMillis)
  const known = lags.flatMap((lag) => {
    const start = toMillis(lag.start)
    if (start === null) return []
    const slot = Math.floor(start / slotMillis) - lastSlot + slotCount - 1
    return slot >= 0 && slot < slotCount ? [{ ...lag, slot }] : []
  })
  const [first] = known
  const last = known.at(-1)
  if (!first || !last) return { stretches: [], end: null, worst: null, usual: null, missing: 0 }

  const worst = known.reduce((a, b) => (b.seconds > a.seconds ? b : a))
  const scale = Math.max(leastScale, worst.seconds)
  const place = ({ slot, seconds }: { slot: number; seconds: number }): Point => ({
    x: round(2 + (slot / (slotCount - 1)) * (lagWidth - 4)),
    y: round(lagHeight - 3 - (seconds / scale) * (lagHeight - 6)),
  })
  const stretches: Point[][] = []
  let before: number | null = null
  for (const lag of known) {
    if (before === null || lag.slot !== before + 1) stretches.push([])
    stretches.at(-1)?.push(place(lag))
    before = lag.slot
  }
  const sorted = known.map((lag) => lag.seconds).sort((a, b) => a - b)
  return {
    stretches,
    end: last.slot >= slotCount - 2 ? place(last) : null,
    worst,
    usual: sorted[Math.floor((sorted.length - 1) / 2)] ?? null,
    missing: slotCount - first.slot - known.length - (last.slot === slotCount - 1 ? 0 : 1),
  }
}

function round(n: number): number {
  return Math.round(n * 10) / 10
}

const hour = 3_600_000

/**
 * How long requests have been counted: the hours of the clock that lie within the last day, or, when Andon watches for
 * less, since it began; an hour at least.
 */
export function countedHours(lags: FactoryCollection['lags'], now: number): number {
  const first = toMillis(lags[0]?.start) ?? 0
  const from = Math.max(first, Math.ceil(now / hour - 24) * hour)
  return Math.max(1, (now - from) / hour)
}

/** How often a factory is asked about; null when that is not known. */
export function requestsPerHour(item: FactoryCollection | undefined, now: number): number | null {
  if (!item) return null
  return Math.round(item.usage.requests / countedHours(item.lags, now))
}
