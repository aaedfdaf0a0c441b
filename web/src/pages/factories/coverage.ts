import type { Factory } from '../../api/types'
import { isStale } from '../../factory/state'
import { formatCounted, formatDate, formatTime } from '../../time/format'
import { toMillis } from '../../time/instant'
import type { Zone } from '../../time/zone'

/** How long Azure keeps pipeline runs. */
const keptByAzure = 45 * 86_400_000

/** The time that all coverage bars are drawn on. */
export interface Axis {
  from: number
  to: number
  /** What is younger Azure still has. */
  kept: number
}

/** From the oldest that is known of any factory, and at least what Azure keeps, to now. */
export function axisOf(factories: Factory[], now: number): Axis {
  const kept = now - keptByAzure
  const starts = factories.flatMap((f) => [
    toMillis(f.coverage.from) ?? now,
    toMillis(f.firstRunStart) ?? now,
  ])
  return { from: Math.min(kept, ...starts), to: now, kept }
}

/** Where a moment lies on the axis, in percent from its left end. */
export function placeOf(at: number, axis: Axis): number {
  const share = (at - axis.from) / (axis.to - axis.from)
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 100
}

/** A piece of a coverage bar. `kept`: Azure has it too; `only`: it is only here. What no piece covers is unknown. */
export interface Piece {
  kind: 'kept' | 'only'
  from: number
  to: number
}

/** What of a factory's history is here, oldest first. */
export function piecesOf({ coverage }: Factory, axis: Axis): Piece[] {
  const from = toMillis(coverage.from)
  const to = toMillis(coverage.to)
  if (from === null || to === null) return []
  const pieces: Piece[] = []
  const add = (kind: Piece['kind'], left: number, right: number) => {
    if (right > left) pieces.push({ kind, from: left, to: right })
  }
  let at = from
  const gaps = coverage.gaps.map((gap) => [toMillis(gap.from), toMillis(gap.to)])
  for (const [left, right] of [...gaps, [to, to]]) {
    const end = Math.min(left ?? to, to)
    add('only', at, Math.min(end, axis.kept))
    add('kept', Math.max(at, axis.kept), end)
    at = Math.max(at, right ?? at)
  }
  return pieces
}

const mostGaps = 5

/** The bar in words, for those who don't see it and for whoever points at it. */
export function coverageWords(factory: Factory, zone: Zone, now: number): string[] {
  const { from, to, gaps } = factory.coverage
  const start = toMillis(from)
  if (start === null || to === null) return ['Nothing is known yet']
  const end = isStale(factory)
    ? `${formatTime(to, zone, now)}; nothing newer is known`
    : factory.state === 'not collected' || factory.state === 'gone'
      ? formatTime(to, zone, now)
      : 'now'
  const missing = gaps
    .slice(0, mostGaps)
    .map((gap) => `Missing: ${betweenWords(gap, zone, now)}, ${gap.reason}`)
  const more = gaps.length - mostGaps
  return [
    `Covered from ${formatDate(start, zone, now)} to ${end}`,
    ...missing,
    ...(more > 0 ? [`and ${formatCounted(more, 'more gap')}`] : []),
  ]
}

function betweenWords({ from, to }: { from: string; to: string }, zone: Zone, now: number): string {
  return `${formatTime(from, zone, now)} – ${formatTime(to, zone, now)}`
}

/** The words under the axis: where it begins, where Azure's memory ends, now. */
export function axisLabels(axis: Axis, zone: Zone): { start: string | null; keptAt: number } {
  const keptAt = placeOf(axis.kept, axis)
  // Nearer than this the two would run into each other.
  const start = keptAt < 40 ? null : formatDate(axis.from, zone, axis.to)
  return { start, keptAt }
}
