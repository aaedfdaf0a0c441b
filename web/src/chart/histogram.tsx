import { useId, useMemo, useRef, useState } from 'react'
import type { TimelineBucket } from '../api/types'
import text from '../state/text.module.css'
import { useNow } from '../time/clock'
import { formatClock, formatCount, formatDay, formatTime, isSameDay } from '../time/format'
import { toMillis } from '../time/instant'
import { useZone, type Zone } from '../time/zone'
import { describeBucket, guideOf, type Tally, tallyOf, totalOf } from './buckets'
import { Hatch } from './hatch'
import styles from './histogram.module.css'
import { ticksOf } from './ticks'
import { useWidth } from './use-width'

interface HistogramProps {
  /** In order of time, without gaps. */
  buckets: TimelineBucket[]
  /** What it shows: "Runs started, per 15 min". */
  label: string
  /** Height of the bars' part in pixels. */
  height?: number
  /** A range was chosen: a bucket clicked, several dragged over or picked with Shift and the arrows, then Enter. */
  onSelect: (range: { from: string; to: string }) => void
}

const lane = 20
const axis = 20
const margin = 44
const gap = 2

/**
 * Runs over time as stacked bars, with the failed ones once more in a lane below, so that one in a thousand is seen.
 * Hatched where nothing is known. Works by pointer and keyboard; screen readers get a table.
 */
export function Histogram({ buckets, label, height = 112, onSelect }: HistogramProps) {
  const zone = useZone()
  const now = useNow(60_000)
  const frame = useRef<HTMLDivElement>(null)
  const hatch = useId()
  const width = useWidth(frame)
  const [cursor, setCursor] = useState<number | null>(null)
  const [anchor, setAnchor] = useState<number | null>(null)
  const [dragging, setDragging] = useState(false)

  const tallies = useMemo(() => buckets.map(tallyOf), [buckets])
  const most = useMemo(() => Math.max(0, ...tallies.map(totalOf)), [tallies])
  if (buckets.length === 0) return null

  const plot = Math.max(0, width - margin)
  const step = plot / buckets.length
  const at = Math.min(cursor ?? buckets.length - 1, buckets.length - 1)

  const clear = () => {
    setAnchor(null)
    setCursor(null)
    setDragging(false)
  }
  const choose = (first: number, last: number) => {
    const from = buckets[Math.min(first, last)]
    const to = buckets[Math.max(first, last)]
    clear()
    if (from && to) onSelect({ from: from.start, to: to.end })
  }
  const indexAt = (event: React.PointerEvent<HTMLElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left
    return Math.min(buckets.length - 1, Math.max(0, Math.floor(x / Math.max(step, 0.01))))
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const next = moved(event.key, at, buckets.length)
    if (next !== null) {
      if (event.shiftKey) setAnchor(anchor ?? at)
      else setAnchor(null)
      setCursor(next)
    } else if (event.key === 'Enter' || event.key === ' ') choose(anchor ?? at, at)
    else if (event.key === 'Escape' && cursor !== null) clear()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  const current = buckets[at]
  return (
    <div className={styles.frame} ref={frame}>
      <div
        className={styles.plot}
        style={{ width: plot, height: height + lane }}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={buckets.length - 1}
        aria-valuenow={at}
        aria-valuetext={current ? `${spanOf(current, zone, now)}: ${describeBucket(current)}` : ''}
        aria-description="Arrows move, Shift with arrows selects, Enter shows only that time."
        onKeyDown={onKeyDown}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && setCursor(at)}
        onBlur={clear}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          setDragging(true)
          setAnchor(indexAt(event))
        }}
        onPointerMove={(event) => setCursor(indexAt(event))}
        onPointerUp={(event) => dragging && anchor !== null && choose(anchor, indexAt(event))}
        onPointerCancel={clear}
        onPointerLeave={() => !dragging && clear()}
      >
        <svg width={plot} height={height + lane} aria-hidden="true">
          <Hatch id={hatch} className={styles.hatch} />
          <Guide most={most} width={plot} height={height} />
          {buckets.map(
            (bucket, index) =>
              bucket.covered !== 'yes' && (
                <rect
                  key={bucket.start}
                  x={index * step}
                  width={step}
                  height={height}
                  fill={`url(#${hatch})`}
                />
              ),
          )}
          {buckets.map((bucket, index) => (
            <g key={bucket.start} transform={`translate(${index * step} 0)`}>
              <Stack tally={tallies[index]} most={most} width={barWidth(step)} height={height} />
              <Lane tally={tallies[index]} step={step} top={height + 6} />
            </g>
          ))}
          {cursor !== null && (
            <rect
              className={styles.brush}
              x={Math.min(at, anchor ?? at) * step}
              width={(Math.abs(at - (anchor ?? at)) + 1) * step}
              height={height + lane}
            />
          )}
        </svg>
      </div>
      <GuideLabel most={most} height={height} />
      <svg className={styles.axis} width={width} height={axis} aria-hidden="true">
        <Axis buckets={buckets} width={plot} zone={zone} now={now} />
      </svg>
      {cursor !== null && current && (
        <p className={styles.tip} style={tipPosition(at, step, plot)} aria-hidden="true">
          <b>
            {spanOf(
              buckets[Math.min(at, anchor ?? at)] ?? current,
              zone,
              now,
              buckets[Math.max(at, anchor ?? at)],
            )}
          </b>
          {anchor === null || anchor === at ? describeBucket(current) : 'show only this time'}
        </p>
      )}
      <BucketTable buckets={buckets} label={label} zone={zone} now={now} />
    </div>
  )
}

function moved(key: string, at: number, count: number): number | null {
  const wanted = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1 }[key]
  return wanted === undefined ? null : Math.min(count - 1, Math.max(0, wanted))
}

function barWidth(step: number): number {
  return step > 2 * gap ? step - gap : step
}

function tipPosition(index: number, step: number, plot: number): React.CSSProperties {
  const x = (index + 0.5) * step
  return x > plot / 2 ? { right: `calc(100% - ${x}px)` } : { left: x }
}

/** "02:00 – 02:15", with the day when it is not today. */
function spanOf(first: TimelineBucket, zone: Zone, now: number, last = first): string {
  const from = toMillis(first.start) ?? 0
  const to = toMillis(last.end) ?? 0
  const end = isSameDay(from, to - 1, zone)
    ? formatClock(to, zone, false)
    : `${formatDay(to, zone, now)} ${formatClock(to, zone, false)}`
  const start = formatClock(from, zone, false)
  return isSameDay(from, now, zone)
    ? `${start} – ${end}`
    : `${formatDay(from, zone, now)} ${start} – ${end}`
}

interface StackProps {
  tally: Tally | undefined
  most: number
  width: number
  height: number
}

const stacked = [
  'ok',
  'off',
  'unknown',
  'queue',
  'run',
  'recovered',
  'underived',
  'notRedone',
  'bad',
] as const

/** Drawn as outlines, whose stroke lies half outside: they are smaller by it, to stay in line with the others. */
const outlined = new Set<string>(['notRedone', 'recovered', 'underived'])

function Stack({ tally, most, width, height }: StackProps) {
  if (!tally || most === 0) return null
  let top = height
  return stacked.map((tone) => {
    const count = tally[tone]
    if (count === 0) return null
    const size = (count / most) * height
    top -= size
    const inset = outlined.has(tone) ? 0.5 : 0
    return (
      <rect
        key={tone}
        className={styles.bar}
        data-tone={tone}
        x={inset}
        y={top + inset}
        width={Math.max(0.1, width - 2 * inset)}
        height={Math.max(0.1, size - 2 * inset)}
      />
    )
  })
}

interface LaneProps {
  tally: Tally | undefined
  step: number
  top: number
}

/** One mark under a bar for the worst that happened in it, with the count where there is room. */
function Lane({ tally, step, top }: LaneProps) {
  if (!tally) return null
  const side = Math.min(8, barWidth(step))
  const left = Math.max(0, (barWidth(step) - side) / 2)
  if (tally.bad > 0) {
    const digits = tally.bad > 1 ? formatCount(tally.bad) : ''
    const fits = digits !== '' && step >= side + 6 + digits.length * 7
    const x = fits ? Math.max(0, left - digits.length * 4) : left
    return (
      <>
        <rect className={styles.laneBad} x={x} y={top} width={side} height={8} rx={1} />
        {fits && (
          <text className={styles.laneCount} x={x + side + 3} y={top + 8}>
            {digits}
          </text>
        )}
      </>
    )
  }
  const outline = (['notRedone', 'underived', 'recovered'] as const).find((one) => tally[one] > 0)
  if (outline) {
    return (
      <rect
        className={styles.laneOutline}
        data-tone={outline}
        x={left + 0.5}
        y={top + (8 - side) / 2 + 0.5}
        width={Math.max(1, side - 1)}
        height={Math.max(1, side - 1)}
        rx={side === 8 ? 1.5 : 0}
      />
    )
  }
  if (tally.off > 0 && side === 8) {
    return (
      <g className={styles.laneQuiet} transform={`translate(${left} ${top})`}>
        <circle cx="4" cy="4" r="3.5" />
        <path d="M1.6 6.4 6.4 1.6" />
      </g>
    )
  }
  return null
}

function Guide({ most, width, height }: { most: number; width: number; height: number }) {
  const y = height - (guideOf(most) / Math.max(1, most)) * height
  return (
    <>
      {guideOf(most) > 0 && <line className={styles.guide} x1={0} x2={width} y1={y} y2={y} />}
      <line className={styles.base} x1={0} x2={width} y1={height + 0.5} y2={height + 0.5} />
    </>
  )
}

function GuideLabel({ most, height }: { most: number; height: number }) {
  const guide = guideOf(most)
  if (guide === 0) return null
  const top = height - (guide / most) * height
  return (
    <span className={styles.guideLabel} style={{ top }} aria-hidden="true">
      {formatCount(guide)}
    </span>
  )
}

interface AxisProps {
  buckets: TimelineBucket[]
  width: number
  zone: Zone
  now: number
}

function Axis({ buckets, width, zone, now }: AxisProps) {
  const from = toMillis(buckets[0]?.start) ?? 0
  const to = toMillis(buckets.at(-1)?.end) ?? 0
  const ticks = ticksOf(from, to, Math.floor(width / 76), zone, now)
  return ticks.map((tick) => (
    <text key={tick.at} x={((tick.at - from) / (to - from)) * width} y={14}>
      {tick.label}
    </text>
  ))
}

interface BucketTableProps {
  buckets: TimelineBucket[]
  label: string
  zone: Zone
  now: number
}

function BucketTable({ buckets, label, zone, now }: BucketTableProps) {
  return (
    <div className={text.hidden}>
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Runs</th>
          </tr>
        </thead>
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket.start}>
              <td>{formatTime(bucket.start, zone, now)}</td>
              <td>{formatTime(bucket.end, zone, now)}</td>
              <td>{describeBucket(bucket)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
