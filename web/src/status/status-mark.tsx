import { type Outcome, outcomeOf, statusOf, statusWord, type Tone, toneOf } from './status'
import styles from './status-mark.module.css'

interface RunMarkProps extends Omit<StatusMarkProps, 'status' | 'outcome'> {
  run: Parameters<typeof statusOf>[0] & Parameters<typeof outcomeOf>[0]
}

interface StatusMarkProps {
  status: string
  /** What became of it, when it is a failed run's. */
  outcome?: Outcome | null
  /** Side in pixels: 16, or 12 to 14 in dense places, 20 for a problem, 24 in a title. */
  size?: number
  /** The word is beside it, so it need not be said twice. */
  decorative?: boolean
}

/** The mark of a run: its status, and of a failed one what became of it. */
export function RunMark({ run, ...rest }: RunMarkProps) {
  return <StatusMark status={statusOf(run)} outcome={outcomeOf(run)} {...rest} />
}

/** The mark of a status. Shape and colour both show it, and its word is its name. */
export function StatusMark({ status, outcome = null, size = 16, decorative }: StatusMarkProps) {
  const word = statusWord(status, outcome)
  const shape = shapes[toneOf(status, outcome)]
  const box = { viewBox: '0 0 16 16', width: size, height: size, className: styles.mark }
  if (decorative) {
    return (
      <svg {...box} aria-hidden="true">
        {shape}
      </svg>
    )
  }
  return (
    <svg {...box} role="img" aria-label={word}>
      <title>{word}</title>
      {shape}
    </svg>
  )
}

/** The mark of something that is no longer kept up to date. */
export function StaleMark({ size = 16 }: { size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} className={styles.mark} aria-hidden="true">
      <g className={styles.stale}>
        <circle cx="8" cy="8" r="6.25" />
        <path d="M8 4.6V8l2.3 1.6" />
      </g>
    </svg>
  )
}

/** A failure that is not open: the square of `bad` as an outline. */
function Outline({ className }: { className: string | undefined }) {
  return (
    <g className={className}>
      <rect x="1.75" y="1.75" width="12.5" height="12.5" rx="2" />
      <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" />
    </g>
  )
}

const shapes: Record<Tone, React.ReactNode> = {
  ok: (
    <>
      <circle className={styles.okDisc} cx="8" cy="8" r="7" />
      <path className={styles.okTick} d="M4.9 8.2 7.1 10.4 11.2 5.8" />
    </>
  ),
  bad: (
    <>
      <rect className={styles.badBox} x="1" y="1" width="14" height="14" rx="2.5" />
      <path className={styles.badCross} d="M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6" />
    </>
  ),
  notRedone: <Outline className={styles.notRedone} />,
  recovered: <Outline className={styles.off} />,
  underived: <Outline className={styles.underived} />,
  run: (
    <g className={styles.run}>
      <circle cx="8" cy="8" r="5.75" strokeOpacity=".3" />
      <path d="M8 2.25A5.75 5.75 0 1 1 2.4 9.2" />
    </g>
  ),
  queue: <circle className={styles.queue} cx="8" cy="8" r="6" />,
  off: (
    <g className={styles.off}>
      <circle cx="8" cy="8" r="6.25" />
      <path d="M3.9 12.1 12.1 3.9" />
    </g>
  ),
  unknown: (
    <g className={styles.unknown}>
      <circle cx="8" cy="8" r="6.25" />
      <path d="M6.2 6.4a1.8 1.8 0 1 1 2.6 1.7c-.5.3-.8.6-.8 1.2M8 11.4v.1" />
    </g>
  ),
}
