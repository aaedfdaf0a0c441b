// Instants come as RFC 3339 UTC text with up to seven digits of a second; Date keeps three of them.

/** Milliseconds since 1970 of an instant from the API, or null when there is none or it cannot be read. */
export function toMillis(instant: string | null | undefined): number | null {
  if (!instant) return null
  const ms = Date.parse(instant)
  return Number.isNaN(ms) ? null : ms
}

/**
 * Orders two UTC instants by all their digits: negative when `a` is earlier. An absent instant is earliest.
 * The API writes one form only (`2026-11-24T02:14:07.1234567Z`, trailing zeros cut), so text compares once the
 * fraction is padded.
 */
export function compareInstants(
  a: string | null | undefined,
  b: string | null | undefined,
): number {
  const left = sortable(a)
  const right = sortable(b)
  if (left === right) return 0
  return left < right ? -1 : 1
}

function sortable(instant: string | null | undefined): string {
  if (!instant) return ''
  const [seconds = '', fraction = ''] = instant.replace(/Z$/i, '').split('.')
  return `${seconds}.${fraction.padEnd(7, '0')}`
}

/** The same instant in UTC with all its digits: "…T04:00:00.1234567+01:00" is "…T03:00:00.1234567Z". */
export function toUTC(instant: string): string {
  const [, seconds, fraction = '', offset] =
    /^(.*:\d\d)(\.\d+)?([+-]\d\d:\d\d)$/.exec(instant) ?? []
  if (!seconds || !offset) return instant
  return new Date(`${seconds}${offset}`).toISOString().replace('.000Z', `${fraction}Z`)
}

/** An instant as the API reads it. */
export function toInstant(millis: number): string {
  return new Date(millis).toISOString().replace(/\.?0*Z$/, 'Z')
}
