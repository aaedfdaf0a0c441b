import {
  type InfiniteData,
  type UseInfiniteQueryResult,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { facetsQuery, runsQuery } from '../../api/runs'
import { scopeOf } from '../../api/scope'
import { timelineQuery } from '../../api/timeline'
import type { Basis, RunFacets, RunPage, RunRow } from '../../api/types'
import { detailsOf } from '../../factory/basis'
import { basisAsOf, knownUntil, readingOf, type Shown, useShown } from '../../factory/stale'
import { Kept, StaleNotice } from '../../factory/stale-notice'
import { useConnection } from '../../live/live'
import { runIdentity } from '../../live/patch'
import { useLiveRuns } from '../../live/use-live-runs'
import type { RunFilter } from '../../search/schema'
import { useScope } from '../../search/use-scope'
import { Button } from '../../state/button'
import { Pill } from '../../state/chip'
import { Kbd } from '../../state/kbd'
import { Loading } from '../../state/loading'
import { EmptyState, ErrorState } from '../../state/panels'
import text from '../../state/text.module.css'
import { narrow, useMedia, withoutPanel } from '../../table/use-media'
import { VirtualTable } from '../../table/virtual-table'
import { useClock, useNow } from '../../time/clock'
import { formatCount, formatTime } from '../../time/format'
import { toInstant } from '../../time/instant'
import { describeRange } from '../../time/range'
import { Time } from '../../time/time'
import { useZone } from '../../time/zone'
import { Chips } from './chips'
import { columnsFor, RunCard } from './columns'
import { FacetPanel } from './facets'
import { emptyFilter, isFiltered } from './filter'
import styles from './runs.module.css'
import { sentenceOf } from './sentence'
import { StartedHistogram } from './started'

/** Which runs match this? */
export function RunsPage() {
  const filter = useSearch({ from: '/runs' })
  const scope = useScope()
  const clock = useClock()
  const facets = useQuery(facetsQuery(filter, clock.now))
  const whole = useQuery({ ...facetsQuery(scopeOf(scope), clock.now), enabled: isFiltered(filter) })
  const runs = useInfiniteQuery(runsQuery(filter, clock.now))
  const timeline = useQuery(timelineQuery(filter, clock.now))
  const connection = useConnection()
  const listed = useShown('The list of runs', runs, runs.data?.pages[0]?.readAt)
  const counted = useShown('The counts', facets)
  const started = useShown('The runs over time', timeline)
  const countedUntil = useTimeOf(counted)
  const slim = useMedia(withoutPanel)
  const [filtersShown, setFiltersShown] = useState(false)
  const panel = (
    <Kept busy={facets.isPlaceholderData}>
      <FacetPanel filter={filter} facets={facets.data} failed={facets.error} />
    </Kept>
  )
  // A count of all runs is compared with one of the same moment alone.
  const wholeHolds = isFiltered(filter) && !whole.isPlaceholderData && !whole.isError

  return (
    <>
      <title>Runs · Andon</title>
      <StaleNotice
        connection={connection}
        shown={[listed, counted, started]}
        instead="The counts are read again each minute instead; “Try again” reads the list too."
      />
      {facets.isPlaceholderData ? (
        <Reading />
      ) : (
        <Headline
          facets={facets.data && asOf(facets.data, countedUntil)}
          whole={wholeHolds ? (whole.data?.total ?? null) : null}
          statuses={filter.status}
        />
      )}
      <div className={styles.filters}>
        <Chips filter={filter} />
        {slim && (
          <Button
            size="small"
            icon="filter"
            aria-expanded={filtersShown}
            onClick={() => setFiltersShown(!filtersShown)}
          >
            Filters
          </Button>
        )}
      </div>
      <Kept busy={timeline.isPlaceholderData}>
        <StartedHistogram filter={filter} />
      </Kept>
      <div className={styles.body}>
        {(!slim || filtersShown) && panel}
        <RunsTable
          filter={filter}
          runs={runs}
          listed={listed}
          total={facets.isPlaceholderData ? null : (facets.data?.total ?? null)}
        />
      </div>
    </>
  )
}

/** When the answer last was so, in words; null while it is kept up to date. */
function useTimeOf(shown: Shown | null): string | null {
  const connection = useConnection()
  const zone = useZone()
  const now = useNow(60_000)
  const until = knownUntil(connection, shown ? [shown] : [])
  return until === null ? null : formatTime(toInstant(until), zone, now)
}

/** An answer that is old begins with the time it is of. */
function asOf<Answer extends { basis: Basis }>(answer: Answer, time: string | null): Answer {
  return time === null ? answer : { ...answer, basis: basisAsOf(answer.basis, time) }
}

function Reading() {
  const scope = useScope()
  const zone = useZone()
  const now = useNow(60_000)
  return <h1 className={styles.headline}>{readingOf(describeRange(scope, now, zone))}</h1>
}

interface HeadlineProps {
  facets: RunFacets | undefined
  /** How many runs the time holds without the filters; null when that is not known or the same. */
  whole: number | null
  statuses: string[] | undefined
}

function Headline({ facets, whole, statuses }: HeadlineProps) {
  const { limit, bold, rest } = sentenceOf(facets, whole, statuses)
  return (
    <h1 className={styles.headline}>
      {limit && <span className={text.stale}>{limit}</span>}
      <b>{bold}</b>
      {rest}
    </h1>
  )
}

type RunsResult = UseInfiniteQueryResult<InfiniteData<RunPage>>

interface RunsTableProps {
  filter: RunFilter
  runs: RunsResult
  listed: Shown | null
  total: number | null
}

function RunsTable({ filter, runs, listed, total }: RunsTableProps) {
  const navigate = useNavigate()
  const asCards = useMedia(narrow)
  const until = useTimeOf(listed)
  const [busy, setBusy] = useState(false)
  // The pill lies beside the rows: on the way to it nothing may move, or it would be gone before the click.
  const [pointed, setPointed] = useState(false)
  const live = useLiveRuns(filter, busy || pointed)

  const page = runs.data?.pages[0]
  const rows = runs.data?.pages.flatMap((page) => page.items) ?? []
  const { hasNextPage, fetchNextPage } = runs
  // A page that is read ends a read of the whole list and clears its error. After an error a person tries again.
  const goesOn = hasNextPage && !runs.isFetching && !runs.isError
  const onEnd = useCallback(() => {
    if (goesOn) void fetchNextPage()
  }, [goesOn, fetchNextPage])
  const open = (run: RunRow) =>
    void navigate({
      to: '/runs/$runId',
      params: { runId: run.runId },
      search: (before) => ({ ...before, in: run.factory }),
    })

  const kept = runs.isPlaceholderData
  if (runs.isPending || (kept && rows.length === 0)) {
    return <Loading label="Loading runs" blocks={skeleton} />
  }
  if (rows.length === 0 && (runs.isError || listed?.failure)) {
    return (
      <ErrorState
        title="Runs could not be read"
        error={runs.error ?? new Error(listed?.failure?.message)}
        onRetry={() => void runs.refetch()}
      />
    )
  }
  return (
    <section
      className={styles.list}
      aria-label="Runs"
      aria-busy={kept}
      onPointerEnter={(event) => setPointed(event.pointerType !== 'touch')}
      onPointerLeave={() => setPointed(false)}
    >
      {live.waiting > 0 && (
        <div className={styles.pill}>
          <Pill onClick={live.show}>
            {formatCount(live.waiting)}
            {live.more ? '+' : ''} new
          </Pill>
        </div>
      )}
      {rows.length === 0 ? (
        <NoRuns filter={filter} page={page && asOf(page, until)} />
      ) : (
        <VirtualTable
          label="Runs"
          columns={columnsFor(
            filter,
            (sort) => void navigate({ to: '/runs', search: (before) => ({ ...before, sort }) }),
          )}
          rows={rows}
          rowKey={runIdentity}
          onOpen={open}
          card={(run) => <RunCard run={run} />}
          total={total}
          onEnd={onEnd}
          onBusyChange={setBusy}
        />
      )}
      {rows.length > 0 && (
        <footer className={styles.foot}>
          <span>
            {runs.isFetchNextPageError ? (
              <>
                Older runs could not be read.{' '}
                <Button size="small" onClick={() => void fetchNextPage()}>
                  Try again
                </Button>
              </>
            ) : (
              extentOf(rows.length, { kept, until, more: hasNextPage })
            )}
          </span>
          {!asCards && (
            <span className={styles.keys}>
              <Kbd>j</Kbd> <Kbd>k</Kbd> row <Kbd>Enter</Kbd> open <Kbd>/</Kbd> find
            </span>
          )}
        </footer>
      )}
    </section>
  )
}

const skeleton = [28, ...Array.from({ length: 12 }, () => 24)]

interface Extent {
  kept: boolean
  until: string | null
  more: boolean
}

/** How much of the answer the rows are. */
function extentOf(rows: number, { kept, until, more }: Extent): string {
  const shown = `${formatCount(rows)} ${more ? 'loaded' : 'shown'}`
  if (kept) return `${shown}, of the previous choice`
  if (until !== null) return `${shown}, as of ${until}`
  return `${shown}, ${more ? 'more load as you scroll' : 'no more match'}`
}

function NoRuns({ filter, page }: { filter: RunFilter; page: RunPage | undefined }) {
  const navigate = useNavigate()
  const zone = useZone()
  const now = useNow(60_000)
  const filtered = isFiltered(filter)
  const { basis, asOf = null } = page ?? {}
  const sure = basis?.covered === 'yes' && basis.reason === null
  return (
    <EmptyState
      title={
        !sure
          ? `${basis?.reason ? `${basis.reason}: no` : 'No'} run is known${filtered ? ' that matches the filters' : ''}`
          : filtered
            ? 'No run in this time range matches the filters'
            : 'No run started in this time range'
      }
      actions={
        <>
          {filtered && (
            <Button
              size="small"
              onClick={() =>
                void navigate({ to: '/runs', search: (before) => ({ ...before, ...emptyFilter }) })
              }
            >
              Clear filters
            </Button>
          )}
          <Button
            size="small"
            onClick={() =>
              void navigate({
                to: '/runs',
                search: (before) => ({ ...before, range: 'all', from: undefined, to: undefined }),
              })
            }
          >
            Search all history
          </Button>
        </>
      }
    >
      {basis && `${detailsOf(basis, zone, now)} `}
      {!sure && !basis?.reason && 'How much of this time range is covered is not certain. '}
      {asOf === null ? (
        'Nothing has been read from Azure yet.'
      ) : (
        <>
          As of <Time instant={asOf} />.
        </>
      )}
    </EmptyState>
  )
}
