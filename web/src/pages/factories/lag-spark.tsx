import { memo } from 'react'
import type { FactoryCollection } from '../../api/types'
import text from '../../state/text.module.css'
import { formatClock, formatDuration, unknown } from '../../time/format'
import { toMillis } from '../../time/instant'
import { useZone } from '../../time/zone'
import styles from './factories.module.css'
import { lagHeight, lagLine, lagWidth } from './lag'

interface LagSparkProps {
  /** Undefined until they are known. */
  lags: FactoryCollection['lags'] | undefined
  /** A whole minute: the line moves on with quarter hours. */
  now: number
}

/** How stale a factory got over the last 24 hours. Where no window was completed the line has a hole. */
export const LagSpark = memo(function LagSpark({ lags, now }: LagSparkProps) {
  const zone = useZone()
  if (!lags) return <span title="How late it was is not known yet">{unknown}</span>
  const { stretches, end, worst, usual, missing } = lagLine(lags, now)
  if (!worst) return <span title="No window was completed in the last 24 h">{unknown}</span>
  const holes = missing > 0 ? `, nothing known of ${formatDuration(missing * 900_000)}` : ''
  const words = `at worst ${formatDuration(worst.seconds * 1_000)} around ${formatClock(
    toMillis(worst.start) ?? 0,
    zone,
    false,
  )}, as a rule ${formatDuration((usual ?? 0) * 1_000)}${holes}`
  return (
    <span className={styles.lag} title={words}>
      <svg className={styles.spark} width={lagWidth} height={lagHeight} aria-hidden="true">
        {stretches.map((points) =>
          points.length === 1 ? (
            <circle key={points[0]?.x} cx={points[0]?.x} cy={points[0]?.y} r="1" />
          ) : (
            <polyline key={points[0]?.x} points={points.map(({ x, y }) => `${x},${y}`).join(' ')} />
          ),
        )}
        {end && <circle className={styles.sparkEnd} cx={end.x} cy={end.y} r="2" />}
      </svg>
      <span className={text.hidden}>{words}</span>
    </span>
  )
})
