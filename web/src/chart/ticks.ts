import { formatClock, formatDay } from '../time/format'
import { fromWallClock, startOfDay, wallClock, type Zone } from '../time/zone'

export interface Tick {
  at: number
  label: string
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const steps = [
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
]

/**
 * At most `most` labelled moments between `from` and `to`, round by the clock of the zone: midnight carries the day,
 * beyond 20 weeks the first of a month its name.
 */
export function ticksOf(from: number, to: number, most: number, zone: Zone, now: number): Tick[] {
  if (to <= from || most < 1) return []
  const step = steps.find((candidate) => (to - from) / candidate <= most)
  if (step === undefined) return monthTicks(from, to, most, zone, now)
  return step >= day
    ? dayTicks(from, to, step / day, zone, now)
    : clockTicks(from, to, step, zone, now)
}

function clockTicks(from: number, to: number, step: number, zone: Zone, now: number): Tick[] {
  const ticks: Tick[] = []
  // Each day anew, so that the change to or from summer time does not shift the rest.
  for (let midnight = startOfDay(zone, from); midnight < to; ) {
    const date = wallClock(zone, midnight)
    const next = startOfDay(zone, midnight, 1)
    for (let since = 0; since < day; since += step) {
      const at = fromWallClock(zone, {
        ...date,
        hour: Math.floor(since / hour),
        minute: (since % hour) / minute,
        second: 0,
      })
      const last = ticks.at(-1)?.at ?? -Infinity
      if (at < from || at >= to || at >= next || at <= last) continue
      ticks.push({
        at,
        label: since === 0 ? formatDay(at, zone, now) : formatClock(at, zone, false),
      })
    }
    midnight = next
  }
  return ticks
}

function dayTicks(from: number, to: number, days: number, zone: Zone, now: number): Tick[] {
  const ticks: Tick[] = []
  for (let at = startOfDay(zone, from); at < to; at = startOfDay(zone, at, days)) {
    if (at >= from) ticks.push({ at, label: formatDay(at, zone, now) })
  }
  return ticks
}

function monthTicks(from: number, to: number, most: number, zone: Zone, now: number): Tick[] {
  const months = Math.max(1, Math.ceil((to - from) / (30.4 * day) / most))
  const first = wallClock(zone, from)
  const ticks: Tick[] = []
  for (let n = 0; ; n += months) {
    const at = fromWallClock(zone, {
      year: first.year,
      month: first.month + n,
      day: 1,
      hour: 0,
      minute: 0,
      second: 0,
    })
    if (at >= to) return ticks
    if (at >= from) ticks.push({ at, label: monthName(at, zone, now) })
  }
}

function monthName(at: number, zone: Zone, now: number): string {
  // "Sun 1 Nov 2026" without weekday and day.
  return formatDay(at, zone, now).split('\u00a0').slice(2).join('\u00a0')
}
