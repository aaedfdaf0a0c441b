import { Link } from '@tanstack/react-router'
import type { RunRow } from '../api/types'
import { Icon, type IconName } from '../icons/icon'
import { unknown } from '../time/format'
import styles from './run.module.css'

interface InvokedByProps {
  run: Pick<RunRow, 'invokedBy' | 'startedBy' | 'factory'>
}

/**
 * What started a run: a person, a link to the run of the parent pipeline, or one that adds the trigger to the filters. The name
 * is startedBy: invokedBy.name of a child is a GUID.
 */
export function InvokedBy({ run }: InvokedByProps) {
  const by = run.invokedBy
  if (!by) return <span title="Azure did not say what started it">{unknown}</span>
  const type = invokedByWord(by.invokedByType ?? run.startedBy)
  if (by.pipelineRunId) {
    return (
      <Link
        className={styles.invoked}
        to="/runs/$runId"
        params={{ runId: by.pipelineRunId }}
        search={(before) => ({ ...before, in: run.factory })}
        title={`${type}: run ${by.pipelineRunId}`}
      >
        <Icon name="child" />
        <span className={styles.name}>{run.startedBy ?? type}</span>
      </Link>
    )
  }
  const icon = iconOf(by.invokedByType ?? run.startedBy)
  const name = run.startedBy
  if (icon === 'trigger' && name) {
    return (
      <Link
        className={styles.invoked}
        to="/runs"
        search={(before) => ({ ...before, trigger: [name] })}
        title={`${type}: filter runs by trigger ${name}`}
      >
        <Icon name="trigger" />
        <span className={styles.name}>{name}</span>
      </Link>
    )
  }
  return (
    <span className={styles.invoked} title={type}>
      <Icon name={icon} />
      <span className={styles.name}>{name ?? type}</span>
    </span>
  )
}

const words = new Map([
  ['manual', 'Manual'],
  ['pipelineactivity', 'Pipeline'],
  ['scheduletrigger', 'Schedule'],
  ['tumblingwindowtrigger', 'Tumbling window'],
  ['blobeventstrigger', 'Storage event'],
  ['customeventstrigger', 'Custom event'],
])

/** What started a run, in words; a type that is not known stands as Azure spells it. */
export function invokedByWord(type: string | null | undefined): string {
  if (!type) return 'Unknown'
  return words.get(type.toLowerCase()) ?? type
}

function iconOf(type: string | null | undefined): IconName {
  const known = type?.toLowerCase()
  if (known === 'manual') return 'user'
  return known === 'pipelineactivity' ? 'child' : 'trigger'
}
