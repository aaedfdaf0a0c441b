import type { RunRow } from '../../api/types'
import { Duration } from '../../run/duration'
import { InvokedBy } from '../../run/invoked-by'
import { RunLink } from '../../run/run-link'
import { RunReason } from '../../run/run-reason'
import { whyOf } from '../../run/why'
import type { RunFilter, RunSort } from '../../search/schema'
import { Name } from '../../state/name'
import text from '../../state/text.module.css'
import { RunMark } from '../../status/status-mark'
import { Card } from '../../table/card'
import type { Column } from '../../table/virtual-table'
import { Time } from '../../time/time'

/** The table's columns; start and duration sort, first newest and longest. */
export function columnsFor(
  { sort }: Pick<RunFilter, 'sort'>,
  onSort: (sort: RunSort | undefined) => void,
): Column<RunRow>[] {
  return [
    {
      id: 'status',
      header: 'Status',
      headerHidden: true,
      width: '32px',
      cell: (run) => <RunMark run={run} />,
    },
    {
      id: 'pipeline',
      header: 'Pipeline',
      width: '18%',
      cell: (run) => <RunLink run={run} withoutMark />,
    },
    {
      id: 'factory',
      header: 'Factory',
      width: '17%',
      cell: (run) => (
        <span className={text.muted}>
          <Name>{run.factoryName}</Name>
        </span>
      ),
    },
    { id: 'invokedBy', header: 'Invoked by', width: '14%', cell: (run) => <InvokedBy run={run} /> },
    {
      id: 'start',
      header: 'Start',
      width: '140px',
      align: 'right',
      sort: sortBy('runStart', sort, onSort),
      cell: (run) => <Time instant={run.runStart} />,
    },
    {
      id: 'duration',
      header: 'Duration',
      width: '88px',
      align: 'right',
      sort: sortBy('durationInMs', sort, onSort),
      cell: (run) => <Duration run={run} />,
    },
    { id: 'cause', header: 'Cause or note', cell: (run) => <Note run={run} /> },
  ]
}

function sortBy(
  field: 'runStart' | 'durationInMs',
  sort: RunSort | undefined,
  onSort: (sort: RunSort | undefined) => void,
): NonNullable<Column<RunRow>['sort']> {
  const now = sort ?? '-runStart'
  const direction = now === field ? 'ascending' : now === `-${field}` ? 'descending' : 'none'
  const next: RunSort = direction === 'descending' ? field : `-${field}`
  return { direction, onToggle: () => onSort(next === '-runStart' ? undefined : next) }
}

/** Success is silent: words only for causes and for rows that could not be read whole. */
function Note({ run }: { run: RunRow }) {
  if (run.endUnknown) return <span className={text.muted}>{run.endUnknown}</span>
  if (whyOf(run)) return <RunReason run={run} />
  if (run.odd.length === 0) return null
  return (
    <span className={text.stale} title={run.odd.map((o) => `${o.field} ${o.problem}`).join('\n')}>
      {run.odd.map((o) => o.field).join(', ')} could not be read
    </span>
  )
}

/** "adf-sales · tr_nightly": where it ran, and what started it. */
function originOf({ factoryName, startedBy }: RunRow): string {
  return startedBy ? `${factoryName} · ${startedBy}` : factoryName
}

/** A run on a narrow screen: two lines. */
export function RunCard({ run }: { run: RunRow }) {
  return (
    <Card
      mark={<RunMark run={run} />}
      title={<RunLink run={run} withoutMark />}
      end={<Duration run={run} />}
      note={run.endUnknown ?? (whyOf(run) ? <RunReason run={run} /> : originOf(run))}
      noteEnd={<Time instant={run.runStart} />}
    />
  )
}
