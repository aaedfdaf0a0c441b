import { Link } from '@tanstack/react-router'
import type { Basis, BasisCause } from '../../api/types'
import { causeTitle, namesOf } from '../../factory/basis'
import { CommandBox } from '../../state/command-box'
import text from '../../state/text.module.css'
import { StaleMark } from '../../status/status-mark'
import { capitalized, formatCount, formatCounted } from '../../time/format'
import styles from './overview.module.css'

// More than this is shown by the page of factories, each with its check.
const most = 3

/** What keeps factories from being read or up to date: one row a cause, with the one command that fixes it for all. */
export function Causes({ basis }: { basis: Basis }) {
  const { causes } = basis
  if (causes.length === 0) return null
  const more = causes.length - most
  return (
    <section className={styles.causes} aria-label="What limits this page">
      {causes.slice(0, most).map((cause) => (
        <CauseRow key={`${cause.source}/${cause.what}`} cause={cause} />
      ))}
      <p className={styles.causesEnd}>
        <Link to="/factories">
          {more > 0
            ? `${formatCounted(more, 'more cause')} and checks in Factories`
            : 'Checks and details in Factories'}
        </Link>
      </p>
    </section>
  )
}

function CauseRow({ cause }: { cause: BasisCause }) {
  const { count, factories, advice, command } = cause
  return (
    <div className={styles.limit}>
      <StaleMark />
      <div className={styles.limitText}>
        <h2>{causeTitle(cause)}</h2>
        <p className={text.muted}>
          {count > 1 && `${namesOf(factories, count)}. `}
          {advice && `${sentenceOf(advice)} `}
          {command && fixesOf(count, command)}
        </p>
        {command && <CommandBox command={command} />}
      </div>
    </div>
  )
}

/** What copying gives, since of a long command only the beginning is shown. */
function fixesOf(count: number, command: string): string {
  const lines = command.split('\n').length
  const what = lines === 1 ? 'One command' : `One script of ${formatCount(lines)} commands`
  return count > 1 ? `${what} fixes all.` : ''
}

function sentenceOf(half: string): string {
  const whole = capitalized(half)
  return /[.!?:]$/.test(whole) ? whole : `${whole}.`
}
