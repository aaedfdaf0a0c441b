import type { Basis, BasisCause } from '../api/types'
import { formatCount, formatCounted, formatDate, formatTime } from '../time/format'
import { toMillis } from '../time/instant'
import type { Zone } from '../time/zone'

export type LimitKind = Basis['limits'][number]['kind']

/** Whether the answer is limited in this way. */
export function isLimitedBy(basis: Basis, ...kinds: LimitKind[]): boolean {
  return basis.limits.some(({ kind }) => kinds.includes(kind))
}

/**
 * Whether nothing is known of some factories: then a claim holds "there", for the others, alone. What is stale was read,
 * and counts.
 */
export function isPartOfFactories({ factories }: Basis): boolean {
  return factories.neverRead > 0 && factories.neverRead < factories.asked
}

/** Whether no factory is kept up to date: then a claim is about the past. */
export function isPast({ factories }: Basis): boolean {
  return factories.upToDate + factories.filling === 0
}

/** What limits an answer, in sentences with names and times; '' when nothing does or the reason says it all. */
export function detailsOf(basis: Basis, zone: Zone, now: number): string {
  return basis.limits
    .map((limit) => {
      const who = namesOf(limit.factories, limit.count)
      const since = toMillis(limit.since)
      switch (limit.kind) {
        case 'neverRead':
          return `Nothing is known about ${who}.`
        case 'imported':
          return `What is known about ${who} was imported.`
        case 'stale':
          return limit.since === null
            ? ''
            : `${who}: no data since ${formatTime(limit.since, zone, now)}.`
        case 'off':
          return limit.since === null ? '' : `No data since ${formatTime(limit.since, zone, now)}.`
        case 'beforeHistory':
          return since === null ? '' : `History begins on ${formatDate(since, zone, now)}.`
        case 'gap':
          return gapsOf(basis, zone, now)
        default:
          return ''
      }
    })
    .filter(Boolean)
    .join(' ')
}

const mostGaps = 2

function gapsOf({ gaps }: Basis, zone: Zone, now: number): string {
  const shown = gaps
    .slice(-mostGaps)
    .map(({ from, to }) => `${formatTime(from, zone, now)} – ${formatTime(to, zone, now)}`)
  const more = gaps.length > shown.length ? ' and earlier' : ''
  return shown.length === 0 ? '' : `Not covered: ${shown.join(', ')}${more}.`
}

const mostNames = 4

/** "finance-prod, dw-prod and 38 more". */
export function namesOf(factories: { name: string }[], count: number): string {
  const whole = count <= mostNames
  const names = factories.slice(0, whole ? mostNames : mostNames - 1).map(({ name }) => name)
  const rest = count - names.length
  const last = rest > 0 ? `${formatCount(rest)} more` : (names.pop() ?? '')
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`
}

/** "4 factories: the identity may not …": whom a cause concerns, and what it is. */
export function causeTitle({ count, factories, source, what }: BasisCause): string {
  const [only] = factories
  if (count === 1 && only) return `${only.name}: ${what}`
  if (count > 0) return `${formatCounted(count, 'factory', 'factories')}: ${what}`
  return source === null ? what : `Source ${source}: ${what}`
}

/** The causes that concern a scope, each with the factories of the scope alone; all without one. */
export function causesIn({ causes }: Basis, scope: string[] | undefined): BasisCause[] {
  if (!scope) return causes
  return causes.flatMap((cause) => {
    const factories = cause.factories.filter(({ factory }) => scope.includes(factory))
    if (factories.length === 0) return []
    const neverRead = factories.filter(({ asOf }) => asOf === null).length
    return [{ ...cause, factories, count: factories.length, neverRead }]
  })
}
