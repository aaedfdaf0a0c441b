import { Link } from '@tanstack/react-router'
import { memo, useState } from 'react'
import type { StripRun } from '../api/types'
import { outcomeOf, statusOf, statusWord } from '../status/status'
import { useNow } from '../time/clock'
import { formatDuration, formatTime } from '../time/format'
import { useZone, type Zone } from '../time/zone'
import { barsOf } from './bars'
import styles from './strip.module.css'

interface StripProps {
  /** Oldest first, at most 30. */
  runs: StripRun[]
  /** Short id of the pipeline's factory, for the links. */
  factory: string
  /** What the strip shows: "Last runs of pl_orders". */
  label: string
}

/** The last runs of a pipeline as bars, each leading to its run. One tab stop: arrows go from bar to bar. */
export const Strip = memo(function Strip({ runs, factory, label }: StripProps) {
  const zone = useZone()
  const now = useNow(60_000)
  const [current, setCurrent] = useState<number | null>(null)
  const reachable = current ?? runs.length - 1

  const onKeyDown = (event: React.KeyboardEvent<HTMLUListElement>) => {
    const next = nextBar(event.key, reachable, runs.length)
    if (next === null) return
    event.preventDefault()
    setCurrent(next)
    event.currentTarget.querySelectorAll('a')[next]?.focus()
  }

  return (
    <ul className={styles.strip} aria-label={label} onKeyDown={onKeyDown}>
      {barsOf(runs).map((bar, index) => {
        const text = describe(bar.run, zone, now)
        return (
          <li key={bar.run.runId}>
            <Link
              className={styles.bar}
              data-tone={bar.tone}
              style={{ height: bar.height }}
              to="/runs/$runId"
              params={{ runId: bar.run.runId }}
              search={(before) => ({ ...before, in: factory })}
              tabIndex={index === reachable ? 0 : -1}
              onFocus={() => setCurrent(index)}
              preload={false}
              aria-label={text}
              title={text}
            />
          </li>
        )
      })}
    </ul>
  )
})

function nextBar(key: string, current: number, count: number): number | null {
  const wanted = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: count - 1 }[key]
  if (wanted === undefined) return null
  return Math.min(count - 1, Math.max(0, wanted))
}

function describe(run: StripRun, zone: Zone, now: number): string {
  const word = statusWord(statusOf(run), outcomeOf(run))
  const duration = run.durationInMs === null ? '' : `, ${formatDuration(run.durationInMs)}`
  return `${word}, ${formatTime(run.runStart, zone, now)}${duration}`
}
