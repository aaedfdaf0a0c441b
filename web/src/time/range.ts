import { formatClock, formatDay, isSameDay } from './format'
import { toInstant, toMillis } from './instant'
import { fromWallClock, startOfDay, type WallClock, wallClock, type Zone } from './zone'

/**
 * A time range as it stands in the URL: either `range` ("36h": the last 36 hours, going along with time; "all": the
 * whole history) or `from`, with `to` or open to now. Nothing at all means the last 24 hours.
 */
export interface RangeSearch {
  range?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

export const defaultRange = '24h'
export const allHistory = 'all'

/** The relative ranges offered, in growing order; zooming out climbs them. */
export const rangePresets = ['1h', '6h', '24h', '7d', '30d', '90d', allHistory] as const

const minute = 60_000
const unitMillis: Record<string, number> = {
  m: minute,
  h: 60 * minute,
  d: 24 * 60 * minute,
  w: 7 * 24 * 60 * minute,
}

/** The longest range that the API counts, 2000 weeks. */
const longest = 2000 * 7 * 24 * 60 * minute

/** The length of "36h" in milliseconds; null when it is not such a text, no longer than nothing, or too long. */
export function relativeMillis(range: string): number | null {
  const match = /^(\d{1,5})([mhdw])$/.exec(range)
  const unit = unitMillis[match?.[2] ?? '']
  if (!match || unit === undefined) return null
  const millis = Number(match[1]) * unit
  return millis > 0 && millis <= longest ? millis : null
}

/** What the API is asked for. An absent end is open: `from` to the beginning of history, `to` to whatever comes. */
export interface Bounds {
  from?: string
  to?: string
}

/** The bounds of a range at this moment. A relative range has no `to`, so that runs which start later belong to it. */
export function resolveRange(search: RangeSearch, now: number): Bounds {
  if (search.from || search.to) {
    return {
      ...(search.from ? { from: search.from } : {}),
      ...(search.to ? { to: search.to } : {}),
    }
  }
  const range = search.range ?? defaultRange
  if (range === allHistory) return {}
  const millis = relativeMillis(range) ?? relativeMillis(defaultRange) ?? 0
  return { from: toInstant(now - millis) }
}

const unitWords: Record<string, string> = { m: 'min', h: 'h', d: 'days', w: 'weeks' }

/** The range in the words of its button: "Last 24 h", "Since 18:00", "Mon 23 Nov 18:00 – Tue 24 Nov 06:00". */
export function describeRange(search: RangeSearch, now: number, zone: Zone): string {
  if (search.from || search.to) {
    const from = toMillis(search.from)
    const to = toMillis(search.to)
    if (from !== null && to !== null) return describeBetween(from, to, now, zone)
    if (from !== null) return `Since ${point(from, now, zone)}`
    if (to !== null) return `Until ${point(to, now, zone)}`
  }
  const range = search.range ?? defaultRange
  if (range === allHistory) return 'All history'
  const match = /^(\d+)([mhdw])$/.exec(range)
  if (!match) return `Last ${range}`
  const count = Number(match[1])
  const word = unitWords[match[2] ?? ''] ?? ''
  return `Last ${count}\u00a0${count === 1 ? word.replace(/s$/, '') : word}`
}

function describeBetween(from: number, to: number, now: number, zone: Zone): string {
  if (isSameDay(from, to, zone)) return `${point(from, now, zone)} – ${clock(to, zone)}`
  return `${point(from, now, zone)} – ${point(to, now, zone, !isSameDay(from, now, zone))}`
}

function point(millis: number, now: number, zone: Zone, withDay = false): string {
  if (!withDay && isSameDay(millis, now, zone)) return clock(millis, zone)
  return `${formatDay(millis, zone, now)}\u00a0${clock(millis, zone)}`
}

function clock(millis: number, zone: Zone): string {
  return formatClock(millis, zone, millis % minute !== 0)
}

/** Twice as wide: the next preset for a relative range, half its length on each side (never past now) for a fixed one. */
export function widenRange(search: RangeSearch, now: number): RangeSearch {
  const from = toMillis(search.from)
  if (from !== null) {
    const to = toMillis(search.to)
    const half = Math.max(minute, Math.round(((to ?? now) - from) / 2))
    const wider = toInstant(from - half)
    if (to === null || to + half >= now) return { from: wider }
    return { from: wider, to: toInstant(to + half) }
  }
  if (search.to) return { to: search.to }
  const millis = relativeMillis(search.range ?? defaultRange)
  if (millis === null) return { range: allHistory }
  const next = rangePresets.find((preset) => (relativeMillis(preset) ?? Infinity) > millis)
  return { range: next ?? allHistory }
}

/**
 * Reads what a person types: "last 36h", "2 days", "today", "yesterday 18:00 – 06:00", "since 18:00",
 * "2026-11-23 18:00 to 2026-11-24 06:00", "23 Nov", "all". Times are of `zone`. Null when it is not understood.
 */
export function parseRange(text: string, now: number, zone: Zone): RangeSearch | null {
  const typed = text.trim().toLowerCase().replace(/\s+/g, ' ')
  if (/^all( history| time)?$/.test(typed)) return { range: allHistory }

  const relative = parseRelative(typed)
  if (relative) return relative

  const since = /^(?:since|from) (.+)$/.exec(typed)
  if (since?.[1] && !/ (?:to|until) | ?– ?| - /.test(since[1])) {
    const from = parsePoint(since[1], now, zone)
    return from && from.start <= now ? { from: toInstant(from.start) } : null
  }

  const [left, right, ...more] = (since?.[1] ?? typed).split(/ (?:to|until) | ?– ?| - /)
  if (!left || more.length > 0) return null
  const from = parsePoint(left, now, zone)
  if (!from) return null
  if (right === undefined) return wholePoint(from, now)
  if (right === 'now') return from.start < now ? { from: toInstant(from.start) } : null
  const to = parsePoint(right, now, zone, from.start)
  if (!to) return null
  const end = to.wholeDay ? to.end : to.start
  return from.start < end ? { from: toInstant(from.start), to: toInstant(end) } : null
}

function parseRelative(typed: string): RangeSearch | null {
  const match =
    /^(?:last |past )?(\d{1,5})? ?(m|min|mins|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)$/.exec(
      typed,
    )
  if (!match?.[2] || (match[1] === undefined && !/^(?:last|past) /.test(typed))) return null
  const range = `${Number(match[1] ?? 1)}${match[2].charAt(0)}`
  return relativeMillis(range) === null ? null : { range }
}

interface Point {
  start: number
  /** Where the named stretch ends: the next day for a day, the same moment for a time. */
  end: number
  wholeDay: boolean
}

function wholePoint(point: Point, now: number): RangeSearch | null {
  if (point.start > now) return null
  if (!point.wholeDay || point.end > now) return { from: toInstant(point.start) }
  return { from: toInstant(point.start), to: toInstant(point.end) }
}

/** Reads one moment or day. A bare time of day is the first one after `after`, or else the last one before now. */
function parsePoint(text: string, now: number, zone: Zone, after?: number): Point | null {
  const iso = /^\d{4}-\d\d-\d\dt\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)$/.exec(text)
  if (iso) {
    const millis = toMillis(text.toUpperCase())
    return millis === null ? null : { start: millis, end: millis, wholeDay: false }
  }
  const match = /^(.*?)[ t]?(?:(\d{1,2}):(\d\d)(?::(\d\d))?)?$/.exec(text)
  if (!match) return null
  const [, dayText = '', hh, mm, ss] = match
  const time = hh === undefined ? null : clockTime(hh, mm, ss)
  if (hh !== undefined && time === null) return null

  if (dayText === '') return time ? bareTime(time, now, zone, after) : null
  const day = parseDay(dayText, now, zone)
  if (!day) return null
  if (time) {
    const at = fromWallClock(zone, { ...day, ...time })
    return { start: at, end: at, wholeDay: false }
  }
  const midnight = { ...day, hour: 0, minute: 0, second: 0 }
  return {
    start: fromWallClock(zone, midnight),
    end: fromWallClock(zone, { ...midnight, day: day.day + 1 }),
    wholeDay: true,
  }
}

type TimeOfDay = Pick<WallClock, 'hour' | 'minute' | 'second'>
type Day = Pick<WallClock, 'year' | 'month' | 'day'>

function clockTime(hh: string, mm = '0', ss = '0'): TimeOfDay | null {
  const time = { hour: Number(hh), minute: Number(mm), second: Number(ss) }
  return time.hour < 24 && time.minute < 60 && time.second < 60 ? time : null
}

function bareTime(time: TimeOfDay, now: number, zone: Zone, after?: number): Point {
  const base = wallClock(zone, after ?? now)
  let at = fromWallClock(zone, { ...base, ...time })
  if (after === undefined && at > now)
    at = fromWallClock(zone, { ...base, ...time, day: base.day - 1 })
  if (after !== undefined && at <= after) {
    at = fromWallClock(zone, { ...base, ...time, day: base.day + 1 })
  }
  return { start: at, end: at, wholeDay: false }
}

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

function parseDay(text: string, now: number, zone: Zone): Day | null {
  if (text === 'today') return wallClock(zone, now)
  if (text === 'yesterday') return wallClock(zone, startOfDay(zone, now, -1))

  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text)
  if (iso) return realDay(Number(iso[1]), Number(iso[2]), Number(iso[3]))

  const weekday = weekdays.indexOf(text.slice(0, 3))
  if (weekday >= 0 && /^[a-z]+$/.test(text) && isWeekday(text))
    return lastWeekday(weekday, now, zone)

  const named = /^(?:[a-z]{3},? )?(\d{1,2}) ([a-z]{3,9})(?: (\d{4}))?$/.exec(text)
  const month = named ? months.indexOf(named[2]?.slice(0, 3) ?? '') + 1 : 0
  if (!named || month === 0) return null
  const year = named[3] ? Number(named[3]) : wallClock(zone, now).year
  const day = realDay(year, month, Number(named[1]))
  if (!day || named[3]) return day
  // Without a year it is the last such day, never one to come.
  const start = fromWallClock(zone, { ...day, hour: 0, minute: 0, second: 0 })
  return start > now ? realDay(year - 1, month, day.day) : day
}

function isWeekday(text: string): boolean {
  return /^(sun|mon|tues?|wed|wednes|thu|thur|thurs|fri|sat|satur)(day)?$/.test(text)
}

function lastWeekday(weekday: number, now: number, zone: Zone): Day {
  const today = wallClock(zone, now)
  const current = new Date(Date.UTC(today.year, today.month - 1, today.day)).getUTCDay()
  return wallClock(zone, startOfDay(zone, now, -((current - weekday + 7) % 7)))
}

function realDay(year: number, month: number, day: number): Day | null {
  const date = new Date(Date.UTC(year, month - 1, day))
  const same = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return same && year >= 1970 ? { year, month, day } : null
}
