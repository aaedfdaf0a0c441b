import { useState } from 'react'
import { Icon } from '../icons/icon'
import { rangeChange, useScope, useSetScope } from '../search/use-scope'
import { Button } from '../state/button'
import { classes } from '../state/classes'
import { useClock, useNow } from '../time/clock'
import { fieldOf, millisOf } from '../time/field'
import { toInstant, toMillis } from '../time/instant'
import {
  defaultRange,
  describeRange,
  parseRange,
  type RangeSearch,
  rangePresets,
  resolveRange,
} from '../time/range'
import { useZone, zoneName } from '../time/zone'
import styles from './controls.module.css'
import { Popover } from './popover'

interface RangeControlProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Chooses the time that every page is about: a preset, typed words, or two moments. */
export function RangeControl({ open, onOpenChange }: RangeControlProps) {
  const scope = useScope()
  const zone = useZone()
  const now = useNow(60_000)
  return (
    <Popover
      open={open}
      onOpenChange={onOpenChange}
      title="Time range"
      trigger={
        <Button look="plain" className={styles.control}>
          <span className={styles.wide}>
            <Icon name="calendar" size={14} />
          </span>
          <span className={styles.cut}>{describeRange(scope, now, zone)}</span>
          <Icon name="down" size={14} />
        </Button>
      }
    >
      <RangeChoice current={scope} onDone={() => onOpenChange(false)} />
    </Popover>
  )
}

interface RangeChoiceProps {
  current: RangeSearch
  onDone: () => void
}

function RangeChoice({ current, onDone }: RangeChoiceProps) {
  const setScope = useSetScope()
  const zone = useZone()
  const choose = (range: RangeSearch) => {
    const isDefault = range.range === defaultRange
    setScope(rangeChange(isDefault ? {} : range))
    onDone()
  }
  const fixed = current.from !== undefined || current.to !== undefined
  return (
    <>
      <TypedRange onChoose={choose} />
      <ul className={styles.presets}>
        {rangePresets.map((preset) => {
          const chosen = !fixed && (current.range ?? defaultRange) === preset
          return (
            <li key={preset}>
              <Button
                size="small"
                aria-pressed={chosen}
                className={classes(chosen && styles.chosen)}
                onClick={() => choose({ range: preset })}
              >
                {describeRange({ range: preset }, 0, zone)}
              </Button>
            </li>
          )
        })}
      </ul>
      <FixedRange current={current} onChoose={choose} />
    </>
  )
}

function TypedRange({ onChoose }: { onChoose: (range: RangeSearch) => void }) {
  const zone = useZone()
  const clock = useClock()
  const [typed, setTyped] = useState('')
  const parsed = typed.trim() === '' ? null : parseRange(typed, clock.now(), zone)
  const refused = typed.trim() !== '' && parsed === null
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (parsed) onChoose(parsed)
      }}
    >
      <input
        className={styles.field}
        aria-label="Type a time range"
        aria-describedby="typed-range"
        aria-invalid={refused}
        placeholder="last 36h, yesterday 18:00–06:00"
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <p id="typed-range" className={styles.note} aria-live="polite">
        {parsed && `Enter shows: ${describeRange(parsed, clock.now(), zone)}`}
        {refused &&
          'Not understood. Try "36h", "since 18:00", "Mon" or "23 Nov 18:00 to 24 Nov 06:00".'}
        {typed.trim() === '' && `Times of ${zoneName(zone, clock.now())}.`}
      </p>
    </form>
  )
}

interface FixedRangeProps {
  current: RangeSearch
  onChoose: (range: RangeSearch) => void
}

function FixedRange({ current, onChoose }: FixedRangeProps) {
  const zone = useZone()
  const clock = useClock()
  const bounds = resolveRange(current, clock.now())
  const [from, setFrom] = useState(() => fieldOf(toMillis(bounds.from), zone))
  const [to, setTo] = useState(() => fieldOf(toMillis(bounds.to), zone))
  const start = millisOf(from, zone)
  const end = millisOf(to, zone)
  const wrong = start !== null && end !== null && start >= end
  return (
    <form
      className={styles.fixed}
      onSubmit={(event) => {
        event.preventDefault()
        if (wrong || (start === null && end === null)) return
        onChoose({
          from: start === null ? undefined : toInstant(start),
          to: end === null ? undefined : toInstant(end),
        })
      }}
    >
      <label className={styles.labelled}>
        From
        <input
          className={styles.field}
          type="datetime-local"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label className={styles.labelled}>
        To, empty for now
        <input
          className={styles.field}
          type="datetime-local"
          value={to}
          aria-invalid={wrong}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      {wrong && (
        <p className={styles.note} role="alert">
          The range must end after it begins.
        </p>
      )}
      <div className={styles.actions}>
        <Button
          type="submit"
          size="small"
          look="primary"
          disabled={wrong || (start === null && end === null)}
        >
          Show this range
        </Button>
      </div>
    </form>
  )
}
