import { useNavigate } from '@tanstack/react-router'
import { useId, useRef, useState } from 'react'
import type { RunFacets } from '../../api/types'
import { useShortcut } from '../../keys/shortcuts'
import { invokedByWord } from '../../run/invoked-by'
import { durationMillis } from '../../search/matches'
import type { RunFilter } from '../../search/schema'
import { Button } from '../../state/button'
import { Name } from '../../state/name'
import text from '../../state/text.module.css'
import { type RecoveryState, recoveryStates, recoveryWord, statusWord } from '../../status/status'
import { StatusMark } from '../../status/status-mark'
import { capitalized, formatCount } from '../../time/format'
import { isChosen, type ListFilter, toggled } from './filter'
import styles from './runs.module.css'

interface FacetPanelProps {
  filter: RunFilter
  facets: RunFacets | undefined
  failed: Error | null
}

const statuses = ['Succeeded', 'Failed', 'InProgress', 'Queued', 'Canceling', 'Cancelled']

/** Every filter of runs, each choice with the number of runs it would find. */
export function FacetPanel({ filter, facets, failed }: FacetPanelProps) {
  const navigate = useNavigate()
  const change = (part: Partial<RunFilter>) =>
    void navigate({ to: '/runs', search: (before) => ({ ...before, ...part }) })
  // Types and names of parents are values of one filter, and each belongs to its own list.
  const parents = facets?.parent?.map(({ value }) => value)
  const list = (
    name: ListFilter,
    values: FacetProps['values'],
    bound = Number.POSITIVE_INFINITY,
  ) => ({
    values,
    chosen: filter[name],
    unlisted: unlistedCount(facets, values, bound),
    onToggle: (value: string) => change({ [name]: toggled(filter[name], value) }),
  })

  return (
    <aside className={styles.facets} aria-label="Filters">
      <FindField value={filter.q} onChange={(q) => change({ q })} />
      {failed && (
        <p className={styles.facetNote} role="alert">
          Counts could not be read: {failed.message}
        </p>
      )}
      {facets?.reason && <p className={styles.facetNote}>{facets.reason}</p>}
      <Facet
        title="Status"
        {...list('status', statusValues(facets))}
        mark={(value) => <StatusMark status={value} decorative />}
        draw={statusWord}
      />
      <fieldset className={styles.facet}>
        <legend>Recovery of failed runs</legend>
        {recoveryStates.map((state) => (
          <Choice
            key={state}
            checked={filter.recovery?.includes(state) ?? false}
            count={recoveryCount(facets, state)}
            onToggle={() => change({ recovery: toggled(filter.recovery, state), open: undefined })}
          >
            <StatusMark status="Failed" outcome={state} decorative />
            {capitalized(recoveryWord(state))}
          </Choice>
        ))}
        {facets?.recoveryReason && <p className={styles.facetNote}>{facets.recoveryReason}</p>}
      </fieldset>
      <Facet
        title="Factory"
        {...list('factory', facets?.factory)}
        draw={(value) => facets?.factory?.find((f) => f.value === value)?.name ?? value}
      />
      <Facet title="Pipeline" {...list('pipeline', facets?.pipeline, bounds.pipeline)} />
      <Facet
        title="Invoked by"
        {...list('invokedBy', facets?.invokedBy)}
        chosen={filter.invokedBy?.filter((value) => !isChosen(parents, value))}
        // It may be the name of a trigger or a parent, which this list never has.
        unlisted={null}
        draw={invokedByWord}
      />
      <Facet
        title="Parent pipeline"
        {...list('invokedBy', facets?.parent, bounds.parent)}
        chosen={filter.invokedBy?.filter((value) => isChosen(parents, value))}
      />
      <Facet title="Trigger" {...list('trigger', facets?.trigger, bounds.trigger)} />
      <Facet title="Annotation" {...list('annotation', facets?.annotation, bounds.annotation)} />
      <DurationField
        value={filter.minDuration}
        onChange={(minDuration) => change({ minDuration })}
      />
      <fieldset className={styles.facet}>
        <legend>Reruns</legend>
        <Choice
          checked={filter.group === 'latest'}
          onToggle={() => change({ group: filter.group ? undefined : 'latest' })}
        >
          Latest of each run group only
        </Choice>
      </fieldset>
    </aside>
  )
}

/** How many runs the state would find: unknown while any is being derived. Failures are of now, so all must be up to date. */
function recoveryCount(facets: RunFacets | undefined, state: RecoveryState): number | null {
  if (!facets?.recovery || facets.recoveryReason) return null
  const found = facets.recovery.find(({ value }) => value === state)
  return found?.count ?? (facets.basis.reason === null ? 0 : null)
}

// The server lists the most frequent values only, so that a full list may lack some that have runs.
const bounds = { trigger: 20, parent: 20, pipeline: 50, annotation: 50 }

/** The count of a value that the list does not have: zero only where the list is whole and all of the range is covered. */
function unlistedCount(facets: RunFacets | undefined, values: FacetProps['values'], bound: number) {
  const whole = values && values.length < bound && facets?.basis.covered === 'yes'
  return whole ? 0 : null
}

interface Value {
  value: string
  count: number
}

/** The known statuses in the order in which a run passes them, then any other that occurs. */
function statusValues(facets: RunFacets | undefined): Value[] | null | undefined {
  const found = facets?.status
  if (!found) return found
  const rank = (value: string) => {
    const at = statuses.indexOf(value)
    return at === -1 ? statuses.length : at
  }
  return [...found].sort((a, b) => rank(a.value) - rank(b.value))
}

interface FacetProps {
  title: string
  /** Undefined while loading, null when too many runs would have to be looked at. */
  values: Value[] | null | undefined
  chosen: string[] | undefined
  /** The count of what is chosen and not among the values; null when it is not known. */
  unlisted: number | null
  onToggle: (value: string) => void
  draw?: (value: string) => string
  mark?: (value: string) => React.ReactNode
}

const few = 6

function Facet({ title, values, chosen, unlisted, onToggle, draw, mark }: FacetProps) {
  const [all, setAll] = useState(false)
  const known = values ?? []
  // What is chosen stays in sight, whether or not it still finds anything.
  const missing = (chosen ?? []).filter(
    (value) =>
      !isChosen(
        known.map((k) => k.value),
        value,
      ),
  )
  const choices = [...missing.map((value) => ({ value, count: unlisted })), ...known]
  if (choices.length === 0) return null
  const shown = choices.filter(({ value }, index) => all || index < few || isChosen(chosen, value))
  const hidden = choices.length - shown.length
  return (
    <fieldset className={styles.facet}>
      <legend>{title}</legend>
      {shown.map(({ value, count }) => (
        <Choice
          key={value}
          checked={isChosen(chosen, value)}
          count={count}
          onToggle={() => onToggle(value)}
        >
          {mark?.(value)}
          <Name>{draw ? draw(value) : value}</Name>
        </Choice>
      ))}
      {hidden > 0 && (
        <Button
          size="small"
          look="plain"
          className={styles.moreChoices}
          onClick={() => setAll(true)}
        >
          {formatCount(hidden)} more
        </Button>
      )}
    </fieldset>
  )
}

interface ChoiceProps {
  checked: boolean
  /** Absent where there is no count; null when it is not known. */
  count?: number | null | undefined
  onToggle: () => void
  children: React.ReactNode
}

function Choice({ checked, count, onToggle, children }: ChoiceProps) {
  return (
    <label className={styles.choice}>
      <input type="checkbox" checked={checked} onChange={onToggle} />
      <span className={styles.choiceName}>{children}</span>
      {count !== undefined && <span className={text.muted}>{formatCount(count)}</span>}
    </label>
  )
}

interface FieldProps {
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function FindField({ value, onChange }: FieldProps) {
  const field = useRef<HTMLInputElement>(null)
  useShortcut('/', 'Find in the runs', () => {
    field.current?.focus()
    field.current?.select()
  })
  return (
    <form
      className={styles.find}
      // Another value from outside (Back, a chip taken off) makes the field anew.
      key={value ?? ''}
      onSubmit={(event) => {
        event.preventDefault()
        onChange(field.current?.value.trim() || undefined)
      }}
    >
      <input
        ref={field}
        type="search"
        defaultValue={value ?? ''}
        maxLength={200}
        aria-label="Find in the runs"
        placeholder="Message, pipeline, run id"
        onBlur={(event) => {
          const typed = event.target.value.trim() || undefined
          if (typed !== value) onChange(typed)
        }}
      />
    </form>
  )
}

function DurationField({ value, onChange }: FieldProps) {
  const note = useId()
  const field = useRef<HTMLInputElement>(null)
  const [wrong, setWrong] = useState(false)
  const take = () => {
    const typed = field.current?.value.replaceAll(' ', '') ?? ''
    const bad = typed !== '' && durationMillis(typed) === null
    setWrong(bad)
    if (!bad && (typed || undefined) !== value) onChange(typed || undefined)
  }
  return (
    <fieldset className={styles.facet}>
      <legend>Took at least</legend>
      <form
        key={value ?? ''}
        onSubmit={(event) => {
          event.preventDefault()
          take()
        }}
      >
        <input
          ref={field}
          className={styles.field}
          defaultValue={value ?? ''}
          aria-label="Took at least"
          aria-invalid={wrong}
          aria-describedby={note}
          placeholder="5m"
          onBlur={take}
        />
        <p id={note} className={wrong ? text.bad : styles.facetNote}>
          {wrong ? 'Write it as 90s, 5m, 1h30m or milliseconds.' : 'such as 90s, 5m, 1h30m'}
        </p>
      </form>
    </fieldset>
  )
}
