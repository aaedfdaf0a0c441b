import { toMillis } from './instant'
import { offsetName, wallClock, type Zone } from './zone'

/** What stands where a figure is not known. */
export const unknown = '–'

const nbsp = '\u00a0'
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

function two(n: number): string {
  return String(n).padStart(2, '0')
}

/** "Mon 3 Nov", with the year when it is not that of `now`. */
export function formatDay(millis: number, zone: Zone, now: number): string {
  const wall = wallClock(zone, millis)
  const weekday = weekdays[new Date(Date.UTC(wall.year, wall.month - 1, wall.day)).getUTCDay()]
  const year = isSameYear(millis, now, zone) ? '' : ` ${wall.year}`
  return `${weekday} ${wall.day} ${months[wall.month - 1]}${year}`.replaceAll(' ', nbsp)
}

/** "3 Nov", with the year when it is not that of `now`: for what lies weeks and years back. */
export function formatDate(millis: number, zone: Zone, now: number): string {
  const day = formatDay(millis, zone, now)
  return day.slice(day.indexOf(nbsp) + 1)
}

/** "02:14:07", or "02:14" without seconds. */
export function formatClock(millis: number, zone: Zone, withSeconds: boolean): string {
  const wall = wallClock(zone, millis)
  const short = `${two(wall.hour)}:${two(wall.minute)}`
  return withSeconds ? `${short}:${two(wall.second)}` : short
}

/** Today "02:14:07", this year "Mon 3 Nov 02:14", else "3 Nov 2025 02:14": as long, so that columns fit all of them. */
export function formatTime(instant: string | null | undefined, zone: Zone, now: number): string {
  const millis = toMillis(instant)
  if (millis === null) return unknown
  const today = isSameDay(millis, now, zone)
  if (today) return formatClock(millis, zone, true)
  const day = formatDay(millis, zone, now)
  const thatDay = isSameYear(millis, now, zone) ? day : formatDate(millis, zone, now)
  return `${thatDay}${nbsp}${formatClock(millis, zone, false)}`
}

function isSameYear(a: number, b: number, zone: Zone): boolean {
  return wallClock(zone, a).year === wallClock(zone, b).year
}

export function isSameDay(a: number, b: number, zone: Zone): boolean {
  const left = wallClock(zone, a)
  const right = wallClock(zone, b)
  return left.year === right.year && left.month === right.month && left.day === right.day
}

/** The instant whole, for hovering: in the zone, and in UTC with every digit that was sent. */
export function formatWhole(instant: string, zone: Zone): string {
  const millis = toMillis(instant)
  if (millis === null) return instant
  const wall = wallClock(zone, millis)
  const weekday = weekdays[new Date(Date.UTC(wall.year, wall.month - 1, wall.day)).getUTCDay()]
  const there = `${weekday} ${wall.day} ${months[wall.month - 1]} ${wall.year} ${formatClock(millis, zone, true)}`
  const offset = offsetName(zone, millis)
  return `${there} ${offset}${offset === 'UTC' ? '' : ` (${zone})`}, ${instant}`
}

/** An age: "4 s", "12 m", "3 h 05 m", "2 d". Below zero (a clock that is behind) it is "0 s". */
export function formatAge(millis: number): string {
  const age = Math.max(0, millis)
  if (age < minute) return `${Math.floor(age / second)}${nbsp}s`
  if (age < hour) return `${Math.floor(age / minute)}${nbsp}m`
  if (age < day) return pair(age, hour, 'h', minute, 'm')
  return `${Math.floor(age / day)}${nbsp}d`
}

/** A duration: "458 ms", "7 s", "7 m 38 s", "1 h 02 m", "1 d 04 h". Cut, not rounded, so that it never runs ahead. */
export function formatDuration(millis: number | null | undefined): string {
  if (millis === null || millis === undefined || millis < 0) return unknown
  if (millis < second) return `${Math.floor(millis)}${nbsp}ms`
  if (millis < minute) return `${Math.floor(millis / second)}${nbsp}s`
  if (millis < hour) return pair(millis, minute, 'm', second, 's')
  if (millis < day) return pair(millis, hour, 'h', minute, 'm')
  return pair(millis, day, 'd', hour, 'h')
}

function pair(millis: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  const whole = Math.floor(millis / large)
  const rest = Math.floor((millis % large) / small)
  return `${whole}${nbsp}${largeUnit}${nbsp}${two(rest)}${nbsp}${smallUnit}`
}

const integers = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const percents = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})

/** A count by the reader's locale; "–" when it is not known, which is never zero. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? unknown : integers.format(count)
}

/** The text with a capital first letter, as the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A count with its noun: "1 run", "2,000 runs", "– runs" where it is not known. The plural needs saying where it is not the noun with an s. */
export function formatCounted(
  count: number | null | undefined,
  one: string,
  many = `${one}s`,
): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** A share of 0 to 1: "99.2 %", "100 %". Never "100 %" while something is missing from it, nor "0 %" when not nothing. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined) return unknown
  if (share === 0 || share === 1) return `${integers.format(share * 100)}${nbsp}%`
  const percent = Math.min(99.9, Math.max(0.1, share * 100))
  return `${percents.format(percent)}${nbsp}%`
}
