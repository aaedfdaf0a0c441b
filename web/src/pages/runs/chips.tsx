import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { factoriesQuery } from '../../api/factories'
import { invokedByWord } from '../../run/invoked-by'
import type { RunFilter } from '../../search/schema'
import { Button } from '../../state/button'
import { FilterChip } from '../../state/chip'
import { recoveryWord, statusWord } from '../../status/status'
import { emptyFilter, isFiltered, type OwnFilter } from './filter'
import styles from './runs.module.css'

/** The filters that are on, one chip each; removing a chip removes the filter. */
export function Chips({ filter }: { filter: RunFilter }) {
  const navigate = useNavigate()
  const factories = useQuery(factoriesQuery())
  const change = (part: Partial<RunFilter>) =>
    void navigate({ to: '/runs', search: (before) => ({ ...before, ...part }) })
  const nameOf = (id: string) =>
    factories.data?.items.find((factory) => factory.factory === id)?.name ?? id

  const chips = [
    ...(filter.factory
      ? [{ name: 'factory' as const, value: filter.factory.map(nameOf).join(', ') }]
      : []),
    ...chipsOf(filter),
  ]
  return (
    <div className={styles.chips}>
      {chips.map(({ name, value }) => (
        <FilterChip
          key={name}
          name={labels[name]}
          value={value}
          onRemove={() => change({ [name]: undefined })}
        />
      ))}
      {isFiltered(filter) && chips.length > 1 && (
        <Button size="small" look="plain" onClick={() => change(emptyFilter)}>
          Clear
        </Button>
      )}
    </div>
  )
}

const labels: Record<OwnFilter | 'factory', string> = {
  factory: 'factory',
  status: 'status',
  recovery: 'recovery',
  open: 'failures',
  pipeline: 'pipeline',
  trigger: 'trigger',
  invokedBy: 'invoked by',
  annotation: 'annotation',
  group: 'reruns',
  minDuration: 'at least',
  q: 'find',
}

/** The page's own filters in words. */
export function chipsOf(filter: RunFilter): { name: OwnFilter; value: string }[] {
  const values: Record<OwnFilter, string | undefined> = {
    status: filter.status?.map((status) => statusWord(status)).join(', '),
    recovery: filter.recovery?.map(recoveryWord).join(', '),
    open: filter.open === undefined ? undefined : filter.open ? 'open' : 'not open',
    pipeline: filter.pipeline?.join(', '),
    trigger: filter.trigger?.join(', '),
    invokedBy: filter.invokedBy?.map((type) => invokedByWord(type)).join(', '),
    annotation: filter.annotation?.join(', '),
    group: filter.group === undefined ? undefined : 'latest only',
    minDuration: filter.minDuration,
    q: filter.q,
  }
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name: name as OwnFilter, value }],
  )
}
