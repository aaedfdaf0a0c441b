import { fromWallClock, wallClock, type Zone } from './zone'

/** A moment as the field for a local time writes it, by the clock of the zone. */
export function fieldOf(millis: number | null, zone: Zone): string {
  if (millis === null) return ''
  const wall = wallClock(zone, millis)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${wall.year}-${two(wall.month)}-${two(wall.day)}T${two(wall.hour)}:${two(wall.minute)}`
}

/** The moment that such a field holds; null while it is empty. */
export function millisOf(field: string, zone: Zone): number | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(field)
  if (!match) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1).map(Number)
  return fromWallClock(zone, { year, month, day, hour, minute, second: 0 })
}
