import { Link } from '@tanstack/react-router'
import type { Factory } from '../../api/types'
import { isStale } from '../../factory/state'
import { StateMark } from '../../factory/state-mark'
import { Button } from '../../state/button'
import { classes } from '../../state/classes'
import { Name } from '../../state/name'
import text from '../../state/text.module.css'
import { Card } from '../../table/card'
import type { Column } from '../../table/virtual-table'
import { formatCount, formatCounted, formatDate, formatWhole, unknown } from '../../time/format'
import { toMillis } from '../../time/instant'
import { Age } from '../../time/time'
import { useZone } from '../../time/zone'
import type { Axis } from './coverage'
import { AxisLabels, CoverageBar } from './coverage-bar'
import styles from './factories.module.css'
import { LagSpark } from './lag-spark'
import { type FactoryRow, type SortField, sumOf } from './rows'
import type { FactorySort } from './search'
import { formatDone } from './sentence'

interface ColumnsOptions {
  rows: FactoryRow[]
  axis: Axis
  /** What the runs are of: "last 24 h". */
  range: string
  opened: string | undefined
  onToggle: (row: FactoryRow) => void
  sort: FactorySort | undefined
  onSort: (sort: FactorySort | undefined) => void
  /** Leaves out what the details tell as well. */
  few: boolean
  /** The runs are still those of the range before. */
  recounting: boolean
}

export function columnsFor(options: ColumnsOptions): Column<FactoryRow>[] {
  const { rows, axis, range, opened, onToggle, sort, onSort, few, recounting } = options
  const by = (field: SortField, first: 'up' | 'down') => sortBy(field, first, sort, onSort)
  const sources = new Set(rows.flatMap((row) => row.factory.source ?? []))
  const columns: (Column<FactoryRow> | false)[] = [
    {
      id: 'state',
      header: 'State',
      headerHidden: true,
      width: '32px',
      cell: ({ factory }) => <StateMark state={factory.state} />,
    },
    {
      id: 'factory',
      header: 'Factory',
      width: few ? '26%' : '16%',
      sort: by('name', 'up'),
      cell: ({ factory }) => <FactoryLink factory={factory} />,
      total: <b>{formatCount(rows.length)}</b>,
    },
    !few && {
      id: 'source',
      header: 'Source',
      width: '9%',
      sort: by('source', 'up'),
      cell: ({ factory }) => (
        <span className={text.muted}>
          {factory.source === null ? 'from a file' : <Name>{factory.source}</Name>}
        </span>
      ),
      total: <span className={text.muted}>{formatCounted(sources.size, 'source')}</span>,
    },
    {
      id: 'bar',
      header: 'Coverage',
      headerDrawn: <AxisLabels axis={axis} />,
      cell: (row) => <CoverageBar factory={row.factory} axis={axis} onOpen={() => onToggle(row)} />,
    },
    !few && {
      id: 'covered',
      header: 'Covered',
      width: '112px',
      sort: by('coverage', 'up'),
      cell: ({ factory }) => <Covered factory={factory} />,
    },
    {
      id: 'asOf',
      header: 'As of',
      width: '108px',
      align: 'right',
      sort: by('asOf', 'down'),
      cell: ({ factory }) => <AsOf factory={factory} />,
    },
    {
      id: 'lag',
      header: 'Lag, 24 h',
      width: '92px',
      align: 'right',
      sort: by('lag', 'down'),
      cell: ({ collection }) => <LagSpark lags={collection?.lags} now={axis.to} />,
    },
    {
      id: 'runs',
      header: `Runs, ${range}`,
      width: '120px',
      align: 'right',
      sort: by('runs', 'down'),
      cell: ({ runs }) => <Runs count={runs} recounting={recounting} />,
      total: (
        <b>
          <Runs count={sumOf(rows.map((row) => row.runs))} recounting={recounting} />
        </b>
      ),
    },
    !few && {
      id: 'requests',
      header: 'Requests per h',
      width: '108px',
      align: 'right',
      sort: by('requests', 'down'),
      cell: (row) => <Requests row={row} />,
      total: <b>{formatCount(sumOf(rows.map((row) => row.perHour)))}</b>,
    },
    {
      id: 'details',
      header: 'Details',
      headerHidden: true,
      width: '40px',
      align: 'right',
      cell: (row) => (
        <DetailsButton row={row} open={row.factory.factory === opened} onToggle={onToggle} />
      ),
    },
  ]
  return columns.filter((column) => column !== false)
}

function sortBy(
  field: SortField,
  first: 'up' | 'down',
  sort: FactorySort | undefined,
  onSort: (sort: FactorySort | undefined) => void,
): NonNullable<Column<FactoryRow>['sort']> {
  const direction = sort === field ? 'ascending' : sort === `-${field}` ? 'descending' : 'none'
  const ways: FactorySort[] = first === 'up' ? [field, `-${field}`] : [`-${field}`, field]
  // The third press gives back the order in which what needs a look stands first.
  const next = sort === undefined ? ways[0] : ways[ways.indexOf(sort) + 1]
  return { direction, onToggle: () => onSort(next) }
}

function FactoryLink({ factory }: { factory: Factory }) {
  return (
    <Link
      to="/runs"
      search={(before) => ({
        range: before.range,
        from: before.from,
        to: before.to,
        zone: before.zone,
        factory: [factory.factory],
      })}
    >
      <Name>{factory.name}</Name>
    </Link>
  )
}

/** Where its history begins, or how much of it has been read so far. */
function Covered({ factory }: { factory: Factory }) {
  const zone = useZone()
  const { from, doneShare } = factory.coverage
  if (factory.state === 'filling' && doneShare !== null)
    return <span className={text.muted}>{formatDone(doneShare)} read</span>
  const at = toMillis(from)
  if (from === null || at === null) return <span title="Nothing has been read yet">{unknown}</span>
  return (
    <time className={text.muted} dateTime={from} title={formatWhole(from, zone)}>
      from {formatDate(at, zone, Date.now())}
    </time>
  )
}

function AsOf({ factory }: { factory: Factory }) {
  if (factory.neverRead) return <span className={text.stale}>never read</span>
  if (factory.asOf === null) return <span title="No window has been completed yet">{unknown}</span>
  return (
    <span className={classes(isStale(factory) && text.stale)}>
      <span className={classes(isStale(factory) && styles.bold)}>
        <Age instant={factory.asOf} />
      </span>{' '}
      ago
    </span>
  )
}

interface RunsProps {
  count: number | null
  recounting: boolean
  /** "1 run" instead of "1", where no head says what is counted. */
  named?: boolean
}

/** How many runs there are in the range. Those of another range keep the place meanwhile, so that no row moves. */
export function Runs({ count, recounting, named }: RunsProps) {
  return (
    <span className={classes(recounting && text.muted)} aria-busy={recounting}>
      {named ? formatCounted(count, 'run') : formatCount(count)}
    </span>
  )
}

function Requests({ row: { perHour, collection } }: { row: FactoryRow }) {
  if (!collection) return unknown
  return (
    <span
      className={text.muted}
      title={`${formatCounted(collection.usage.requests, 'request')} in the last 24 h`}
    >
      {formatCount(perHour)}
    </span>
  )
}

interface DetailsButtonProps {
  row: FactoryRow
  open: boolean
  onToggle: (row: FactoryRow) => void
}

function DetailsButton({ row, open, onToggle }: DetailsButtonProps) {
  return (
    <Button
      look="plain"
      size="small"
      icon="down"
      className={classes(open && styles.up)}
      aria-label={`Details of ${row.factory.name}`}
      aria-expanded={open}
      onClick={() => onToggle(row)}
    />
  )
}

interface FactoryCardProps extends DetailsButtonProps {
  range: string
  recounting: boolean
}

/** A factory on a narrow screen: two lines. */
export function FactoryCard({ row, range, recounting, open, onToggle }: FactoryCardProps) {
  const { factory, runs } = row
  return (
    <Card
      mark={<StateMark state={factory.state} />}
      title={<FactoryLink factory={factory} />}
      end={
        <span className={styles.cardEnd}>
          <AsOf factory={factory} />
          <DetailsButton row={row} open={open} onToggle={onToggle} />
        </span>
      }
      note={<Covered factory={factory} />}
      noteEnd={
        <>
          <Runs count={runs} recounting={recounting} named />, {range}
        </>
      }
    />
  )
}
