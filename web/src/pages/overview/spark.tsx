import styles from './overview.module.css'

const width = 72
const height = 20

/** Failures over the range, as small bars on a line. The figures stand in words beside it. */
export function Spark({ counts }: { counts: number[] }) {
  const most = Math.max(1, ...counts)
  const step = width / Math.max(1, counts.length)
  return (
    <svg className={styles.spark} width={width} height={height} aria-hidden="true">
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
      {counts.map((count, index) => {
        if (count === 0) return null
        const tall = Math.max(4, (count / most) * (height - 1))
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bucket of time is known by its place
            key={index}
            x={index * step}
            y={height - 1 - tall}
            width={Math.max(1, step - 1)}
            height={tall}
          />
        )
      })}
    </svg>
  )
}
