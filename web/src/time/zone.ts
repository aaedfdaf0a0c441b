import { createContext, useContext } from 'react'

/** An IANA time zone name such as "Europe/Stockholm" or "UTC". */
export type Zone = string

export function localZone(): Zone {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

const ZoneContext = createContext<Zone>('UTC')

/** Tells every time below it in which zone to be written. */
export const ZoneProvider = ZoneContext.Provider

export function useZone(): Zone {
  return useContext(ZoneContext)
}

const offsets = new Map<string, number>()
const mostOffsets = 20_000

/** How far the zone is ahead of UTC at that moment, in milliseconds. */
function offsetMillis(zone: Zone, millis: number): number {
  // Asking Intl takes 40 µs, and a page draws hundreds of times again and again. Zones change with a whole minute.
  const minute = Math.floor(millis / 60_000)
  const key = `${minute} ${zone}`
  let offset = offsets.get(key)
  if (offset === undefined) {
    if (offsets.size >= mostOffsets) offsets.clear()
    offset = askOffset(zone, minute * 60_000)
    offsets.set(key, offset)
  }
  return offset
}

function askOffset(zone: Zone, millis: number): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format(zone).formatToParts(millis)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - millis
}

function zoneOffsetMinutes(zone: Zone, millis: number): number {
  return Math.round(offsetMillis(zone, millis) / 60_000)
}

/** "UTC+1", "UTC+5:30", "UTC". */
export function offsetName(zone: Zone, millis: number): string {
  const minutes = zoneOffsetMinutes(zone, millis)
  if (minutes === 0) return 'UTC'
  const sign = minutes < 0 ? '−' : '+'
  const hours = Math.floor(Math.abs(minutes) / 60)
  const rest = Math.abs(minutes) % 60
  return `UTC${sign}${hours}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`
}

/** The zone in words a person would use: "Stockholm, UTC+1". */
export function zoneName(zone: Zone, millis: number): string {
  const offset = offsetName(zone, millis)
  const city = zone.split('/').pop()?.replaceAll('_', ' ') ?? zone
  return city === 'UTC' || city === 'GMT' ? offset : `${city}, ${offset}`
}

export interface WallClock {
  year: number
  /** 1 to 12. */
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const formats = new Map<Zone, Intl.DateTimeFormat>()

/** What a clock on the wall of that zone shows. */
export function wallClock(zone: Zone, millis: number): WallClock {
  const at = new Date(millis + offsetMillis(zone, millis))
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  }
}

function format(zone: Zone): Intl.DateTimeFormat {
  let found = formats.get(zone)
  if (!found) {
    // Making one costs about 0.1 ms, far too much for each cell of a table.
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, found)
  }
  return found
}

/**
 * The moment at which a clock of that zone shows this. A time that a change to summer time skips becomes the moment
 * as long after the change; one that occurs twice, the first of the two. Days and months may overflow, as in Date.
 */
export function fromWallClock(zone: Zone, wall: WallClock): number {
  const asUtc = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second)
  const before = zoneOffsetMinutes(zone, asUtc - 86_400_000)
  const after = zoneOffsetMinutes(zone, asUtc + 86_400_000)
  const first = asUtc - before * 60_000
  if (before === after || zoneOffsetMinutes(zone, first) === before) return first
  const second = asUtc - after * 60_000
  return zoneOffsetMinutes(zone, second) === after ? second : first
}

/** The first moment of the day that `millis` lies in, shifted by whole days. */
export function startOfDay(zone: Zone, millis: number, shiftDays = 0): number {
  const wall = wallClock(zone, millis)
  return fromWallClock(zone, { ...wall, day: wall.day + shiftDays, hour: 0, minute: 0, second: 0 })
}
