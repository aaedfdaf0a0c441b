import { Tooltip } from '@base-ui/react/tooltip'
import { memo } from 'react'
import type { Factory } from '../../api/types'
import { Hatch } from '../../chart/hatch'
import { Legend } from '../../chart/legend'
import { isStale } from '../../factory/state'
import text from '../../state/text.module.css'
import { useZone } from '../../time/zone'
import { type Axis, axisLabels, coverageWords, piecesOf, placeOf } from './coverage'
import styles from './factories.module.css'

const hatchId = 'coverage-unknown'

/** The pattern of all bars; once on the page. */
export function CoverageHatch() {
  return (
    <svg className={text.hidden} aria-hidden="true">
      <Hatch id={hatchId} className={styles.hatch} />
    </svg>
  )
}

interface CoverageBarProps {
  factory: Factory
  axis: Axis
  onOpen: () => void
}

/** Which part of a factory's history is here, on the time that all bars share. One with gaps tells them when pointed at. */
export const CoverageBar = memo(function CoverageBar({ factory, axis, onOpen }: CoverageBarProps) {
  const zone = useZone()
  const words = coverageWords(factory, zone, axis.to)
  const hasGaps = factory.coverage.gaps.length > 0
  const bar = <Bar factory={factory} axis={axis} />
  if (!hasGaps) {
    return (
      <span title={words.join('. ')}>
        {bar}
        <span className={text.hidden}>{words.join('. ')}</span>
      </span>
    )
  }
  return (
    <Tooltip.Root>
      <Tooltip.Trigger
        delay={100}
        className={styles.barButton}
        aria-label={`Coverage of ${factory.name}: ${words.join('. ')}`}
        onClick={onOpen}
      >
        {bar}
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Positioner className={styles.tipPlace} sideOffset={4}>
          <Tooltip.Popup className={styles.tip}>
            {words.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
})

/** The narrowest that can still be seen, in percent. */
const leastWidth = 0.8

function Bar({ factory, axis }: { factory: Factory; axis: Axis }) {
  const pieces = piecesOf(factory, axis)
  const end = pieces.at(-1)?.to
  const narrowGaps = factory.coverage.gaps
    .map((gap) => ({ from: Date.parse(gap.from), to: Date.parse(gap.to) }))
    .filter((gap) => gap.to > (pieces[0]?.from ?? axis.to))
    .filter((gap) => placeOf(gap.to, axis) - placeOf(gap.from, axis) < leastWidth)
  return (
    <svg className={styles.bar} width="100%" height="16" aria-hidden="true">
      <rect x="0" y="4" width="100%" height="8" rx="2" fill={`url(#${hatchId})`} />
      {pieces.map((piece) => (
        <Span key={piece.from} className={styles[piece.kind]} piece={piece} axis={axis} />
      ))}
      {narrowGaps.map((gap) => (
        // Cleared and drawn anew, or the shortest would not be seen.
        <g key={gap.from}>
          <Span className={styles.cleared} piece={gap} axis={axis} least={leastWidth} />
          <Span fill={`url(#${hatchId})`} piece={gap} axis={axis} least={leastWidth} />
        </g>
      ))}
      <line
        className={styles.keptLine}
        x1={`${placeOf(axis.kept, axis)}%`}
        x2={`${placeOf(axis.kept, axis)}%`}
        y1="0"
        y2="16"
      />
      {isStale(factory) && end !== undefined && (
        <rect
          className={styles.standstill}
          // Its right edge is where nothing newer is known, and stays inside the bar.
          x={`${Math.min(placeOf(end, axis), 99)}%`}
          y="2"
          width="3"
          height="12"
        />
      )}
    </svg>
  )
}

interface SpanProps {
  piece: { from: number; to: number }
  axis: Axis
  className?: string | undefined
  fill?: string
  least?: number
}

function Span({ piece, axis, className, fill, least = 0 }: SpanProps) {
  const left = placeOf(piece.from, axis)
  const width = Math.max(least, placeOf(piece.to, axis) - left)
  return (
    <rect className={className} fill={fill} x={`${left}%`} y="4" width={`${width}%`} height="8" />
  )
}

/** The words over the bars. */
export function AxisLabels({ axis }: { axis: Axis }) {
  const zone = useZone()
  const { start, keptAt } = axisLabels(axis, zone)
  return (
    <span className={styles.axis}>
      {start && <span className={styles.axisStart}>{start}</span>}
      {/* Beside its line, on the side where there is room. */}
      {keptAt < 20 ? (
        <span className={styles.keptRight} style={{ left: `${keptAt}%` }}>
          45 d ago
        </span>
      ) : (
        <span className={styles.keptLeft} style={{ right: `${Math.max(10, 100 - keptAt)}%` }}>
          45 d ago
        </span>
      )}
      <span className={styles.axisNow}>now</span>
    </span>
  )
}

/** What the shades of the bars mean. */
export function CoverageLegend() {
  return (
    <Legend>
      <li>
        <Sample className={styles.kept} /> runs and activities, Azure still has them
      </li>
      <li>
        <Sample className={styles.only} /> runs and activities, only here
      </li>
      <li>
        <Sample fill={`url(#${hatchId})`} /> nothing is known
      </li>
    </Legend>
  )
}

function Sample(look: { className?: string | undefined; fill?: string }) {
  return (
    <svg className={styles.bar} width="20" height="8" aria-hidden="true">
      <rect width="20" height="8" rx="2" {...look} />
    </svg>
  )
}
