import { useNow } from './clock'
import { formatAge, formatTime, formatWhole, unknown } from './format'
import { toMillis } from './instant'
import styles from './time.module.css'
import { useZone } from './zone'

interface TimeProps {
  /** UTC, as the API gave it; null is drawn as unknown. */
  instant: string | null | undefined
}

/** A moment: today "02:14:07", else "Mon 3 Nov 02:14"; whole, with zone and UTC, on hover. */
export function Time({ instant }: TimeProps) {
  const zone = useZone()
  // Only the change of day matters here.
  const now = useNow(60_000)
  if (!instant || toMillis(instant) === null) return <span title="No time is known">{unknown}</span>
  return (
    <time className={styles.time} dateTime={instant} title={formatWhole(instant, zone)}>
      {formatTime(instant, zone, now)}
    </time>
  )
}

/** How long ago a moment was, ticking: "4 s", "12 m". */
export function Age({ instant }: TimeProps) {
  const zone = useZone()
  const millis = toMillis(instant)
  const now = useNow(1_000)
  if (!instant || millis === null) return <span title="No time is known">{unknown}</span>
  return (
    <time className={styles.time} dateTime={instant} title={formatWhole(instant, zone)}>
      {formatAge(now - millis)}
    </time>
  )
}
