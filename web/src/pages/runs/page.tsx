import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { facetsQuery, runsQuery } from '../../api/runs'
import { scopeOf } from '../../api/scope'
import type { Basis, RunFacets, RunRow } from '../../api/types'
import { detailsOf } from '../../factory/basis'
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
import { formatCount } from '../../time/format'
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
  const slim = useMedia(withoutPanel)
  const [filtersShown, setFiltersShown] = useState(false)
  const panel = <FacetPanel filter={filter} facets={facets.data} failed={facets.error} />

  return (
    <>
      <title>Runs · Andon</title>
      <Headline
        facets={facets.isError ? undefined : facets.data}
        whole={isFiltered(filter) ? (whole.data?.total ?? null) : null}
        statuses={filter.status}
      />
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
      <StartedHistogram filter={filter} />
      <div className={styles.body}>
        {(!slim || filtersShown) && panel}
        <RunsTable filter={filter} total={facets.data?.total ?? null} />
      </div>
    </>
  )
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

function RunsTable({ filter, total }: { filter: RunFilter; total: number | null }) {
  const navigate = useNavigate()
  const clock = useClock()
  const asCards = useMedia(narrow)
  const runs = useInfiniteQuery(runsQuery(filter, clock.now))
  const [busy, setBusy] = useState(false)
  // The pill lies beside the rows: on the way to it nothing may move, or it would be gone before the click.
  const [pointed, setPointed] = useState(false)
  const live = useLiveRuns(filter, busy || pointed)

  const rows = runs.data?.pages.flatMap((page) => page.items) ?? []
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = runs
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const open = (run: RunRow) =>
    void navigate({
      to: '/runs/$runId',
      params: { runId: run.runId },
      search: (before) => ({ ...before, in: run.factory }),
    })

  if (runs.isPending) return <Loading label="Loading runs" blocks={skeleton} />
  if (runs.isError && rows.length === 0) {
    return (
      <ErrorState
        title="Runs could not be read"
        error={runs.error}
        onRetry={() => void runs.refetch()}
      />
    )
  }
  return (
    <section
      className={styles.list}
      aria-label="Runs"
      aria-busy={runs.isPlaceholderData}
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
        <NoRuns
          filter={filter}
          asOf={runs.data?.pages[0]?.asOf ?? null}
          basis={runs.data?.pages[0]?.basis}
        />
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
            ) : hasNextPage ? (
              `${formatCount(rows.length)} loaded, more load as you scroll`
            ) : (
              `${formatCount(rows.length)} shown, no more match`
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

interface NoRunsProps {
  filter: RunFilter
  asOf: string | null
  basis: Basis | undefined
}

function NoRuns({ filter, asOf, basis }: NoRunsProps) {
  const navigate = useNavigate()
  const zone = useZone()
  const now = useNow(60_000)
  const filtered = isFiltered(filter)
  const limited = basis !== undefined && basis.covered !== 'yes'
  return (
    <EmptyState
      title={
        limited
          ? `${basis.reason}: no run is known${filtered ? ' that matches the filters' : ''}`
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
      {limited && `${detailsOf(basis, zone, now)} `}
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
