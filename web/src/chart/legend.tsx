import type { TimelineBucket } from '../api/types'
import type { Outcome, Tone } from '../status/status'
import { StatusMark } from '../status/status-mark'
import { formatCount } from '../time/format'
import { countsOf, sumTallies, tallyOf } from './buckets'
import styles from './histogram.module.css'
import legend from './legend.module.css'

const marks: Partial<Record<Tone, { status: string; outcome?: Outcome }>> = {
  bad: { status: 'Failed' },
  notRedone: { status: 'Failed', outcome: 'notRedone' },
  recovered: { status: 'Failed', outcome: 'recovered' },
  underived: { status: 'Failed', outcome: 'underived' },
  off: { status: 'Cancelled' },
}

/** What a chart's shapes and colours mean: a list of samples, each with its word. */
export function Legend({ children }: { children: React.ReactNode }) {
  return <ul className={legend.legend}>{children}</ul>
}

/** What the histogram's colours and marks mean, each with the number of runs in the whole range. */
export function HistogramLegend({ buckets }: { buckets: TimelineBucket[] }) {
  const counts = countsOf(
    sumTallies(buckets.map(tallyOf)),
    buckets.flatMap((bucket) => Object.keys(bucket.counts ?? {})),
  )
  return (
    <Legend>
      {counts.map(({ tone, count, word }) => (
        <li key={tone}>
          <Swatch tone={tone} />
          {formatCount(count)} {word}
        </li>
      ))}
    </Legend>
  )
}

function Swatch({ tone }: { tone: Tone }) {
  const mark = marks[tone]
  if (mark) return <StatusMark {...mark} size={12} decorative />
  return (
    <svg className={styles.swatch} viewBox="0 0 10 10" aria-hidden="true">
      <rect className={styles.bar} data-tone={tone} width="10" height="10" rx="1" />
    </svg>
  )
}
