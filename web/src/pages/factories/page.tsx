import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { collectionQuery } from '../../api/collection'
import { factoriesQuery } from '../../api/factories'
import type { Collection, FactoryList } from '../../api/types'
import { causesIn } from '../../factory/basis'
import { NoFactories } from '../../factory/no-factories'
import { knownUntil, useShown } from '../../factory/stale'
import { StaleNotice } from '../../factory/stale-notice'
import { useConnection } from '../../live/live'
import { useScope, useSetScope } from '../../search/use-scope'
import { Button } from '../../state/button'
import { Loading } from '../../state/loading'
import { EmptyState, ErrorState } from '../../state/panels'
import { narrow, useMedia, withoutPanel } from '../../table/use-media'
import { VirtualTable } from '../../table/virtual-table'
import { useClock, useNow } from '../../time/clock'
import { formatCounted, formatTime } from '../../time/format'
import { toInstant } from '../../time/instant'
import { allHistory, describeRange } from '../../time/range'
import { useZone } from '../../time/zone'
import { columnsFor, FactoryCard, Runs } from './columns'
import { axisOf } from './coverage'
import { CoverageHatch, CoverageLegend } from './coverage-bar'
import { FactoryDetails } from './details'
import styles from './factories.module.css'
import { type FactoryRow, rowsOf, sorted, sumOf } from './rows'
import { answerOf, subOf } from './sentence'
import { SourceCard } from './source-card'
import { Expiring, HeldBack, Sources } from './sources'
import { endingSoon, heldBack, troublesOf } from './trouble'

/** How often an order to read again is asked after. */
const followMs = 1_000
/** How often the figures are asked for where no event says that they changed. */
const calmMs = 60_000

/** Is what I see complete? */
export function FactoriesPage() {
  const scope = useScope()
  const clock = useClock()
  const connection = useConnection()
  const factories = useQuery(factoriesQuery())
  const collection = useQuery({
    ...collectionQuery(scope, clock.now),
    refetchInterval: ({ state }) => (isReading(state.data) ? followMs : calmMs),
  })
  const shown = useShown('The factories', factories)
  const counted = useShown('Runs, lag and requests', collection)
  const list = useMemo(
    () => (factories.data ? inScope(factories.data, scope.factory) : undefined),
    [factories.data, scope.factory],
  )
  const allRuns = scope.range === allHistory && !scope.from && !scope.to
  const rows = useRows(list, collection.data, allRuns)

  return (
    <>
      <title>Factories · Andon</title>
      {list && <StaleNotice connection={connection} shown={[shown, counted]} />}
      <Headline
        list={list}
        failed={factories.isError}
        until={knownUntil(connection, shown ? [shown] : [])}
      />
      {factories.isPending && <Loading label="Loading factories" blocks={skeleton} />}
      {factories.isError && !list && (
        <ErrorState
          title="The factories could not be read"
          error={factories.error}
          onRetry={() => void factories.refetch()}
        />
      )}
      {list && (
        <SourceCards list={list}>
          {(others) => (
            <>
              {collection.isError && !collection.data && (
                <div className={styles.panelError}>
                  <ErrorState
                    title="What collecting takes could not be read"
                    error={collection.error}
                    onRetry={() => void collection.refetch()}
                  />
                </div>
              )}
              {list.items.length > 0 ? (
                <FactoryTable rows={rows} recounting={collection.isPlaceholderData && !allRuns} />
              ) : (
                <NothingKnown list={list} scoped={scope.factory !== undefined} />
              )}
              <Sources sources={others} factories={list.items} />
            </>
          )}
        </SourceCards>
      )}
    </>
  )
}

const skeleton = [28, ...Array.from({ length: 14 }, () => 24)]

function isReading(collection: Collection | undefined): boolean {
  return (
    collection?.items.some((item) =>
      item.rereads.some(({ state }) => state === 'waiting' || state === 'reading'),
    ) ?? false
  )
}

/** The factories of the scope, and the sources that they are of; without a scope every source. */
function inScope(list: FactoryList, scope: string[] | undefined): FactoryList {
  if (!scope) return list
  const items = list.items.filter((factory) => scope.includes(factory.factory))
  const sources = list.sources.filter(({ source }) => items.some((f) => f.source === source))
  return { ...list, items, sources, basis: { ...list.basis, causes: causesIn(list.basis, scope) } }
}

function useRows(
  list: FactoryList | undefined,
  collection: Collection | undefined,
  allRuns: boolean,
): FactoryRow[] {
  const now = useNow(60_000)
  return useMemo(
    () => rowsOf({ factories: list?.items ?? [], collection, allRuns, now }),
    [list, collection, allRuns, now],
  )
}

interface HeadlineProps {
  list: FactoryList | undefined
  failed: boolean
  /** When it last was so; null while it is kept up to date. */
  until: number | null
}

function Headline({ list, failed, until }: HeadlineProps) {
  const zone = useZone()
  const now = useNow(60_000)
  if (!list) {
    return (
      <header className={styles.headline}>
        <h1>{failed ? 'Whether this is complete is not known' : 'Factories'}</h1>
        <p>{'\u00a0'}</p>
      </header>
    )
  }
  const { bold, rest } = answerOf(list, zone, now)
  return (
    <header className={styles.headline}>
      <h1>
        {until !== null && `As of ${formatTime(toInstant(until), zone, now)}: `}
        <b>{bold}</b>
        {rest}
      </h1>
      {list.items.length > 0 && <p>{subOf(list, zone, now)}</p>}
    </header>
  )
}

interface SourceCardsProps {
  list: FactoryList
  /** The rest of the page, given the sources that have no card. */
  children: (others: FactoryList['sources']) => React.ReactNode
}

/** A card for each source in trouble. One that a check found good again stays until it is closed. */
function SourceCards({ list, children }: SourceCardsProps) {
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set())
  const troubles = new Map(troublesOf(list).map((trouble) => [trouble.source.source, trouble]))
  const hasCard = (source: string) => troubles.has(source) || kept.has(source)
  const keep = (source: string) => setKept((before) => new Set([...before, source]))
  const close = (source: string) =>
    setKept((before) => new Set([...before].filter((other) => other !== source)))
  return (
    <>
      {list.sources
        .filter(({ source }) => hasCard(source))
        .map((source) => (
          <SourceCard
            key={source.source}
            source={source}
            trouble={troubles.get(source.source) ?? null}
            onCheck={() => keep(source.source)}
            onClose={() => close(source.source)}
          />
        ))}
      <Expiring sources={endingSoon(list.sources)} />
      <HeldBack sources={heldBack(list)} />
      {children(list.sources.filter(({ source }) => !hasCard(source)))}
    </>
  )
}

/** A range longer than this would push the other columns away. */
const longestRange = 12

interface FactoryTableProps {
  rows: FactoryRow[]
  /** The runs are still those of the range before. */
  recounting: boolean
}

function FactoryTable({ rows, recounting }: FactoryTableProps) {
  const scope = useScope()
  const { order, details } = useSearch({ from: '/factories' })
  const navigate = useNavigate()
  const zone = useZone()
  const now = useNow(60_000)
  const few = useMedia(withoutPanel)
  const asCards = useMedia(narrow)
  const axis = useMemo(
    () =>
      axisOf(
        rows.map((row) => row.factory),
        now,
      ),
    [rows, now],
  )
  const described = describeRange(scope, now, zone)
  const range =
    described.length <= longestRange
      ? described.charAt(0).toLowerCase() + described.slice(1)
      : 'in range'
  const toggle = ({ factory }: FactoryRow) =>
    void navigate({
      to: '/factories',
      search: (before) => ({
        ...before,
        details: details === factory.factory ? undefined : factory.factory,
      }),
      resetScroll: false,
    })

  return (
    <section className={styles.factories} aria-label="Factories">
      <CoverageHatch />
      <VirtualTable
        label="Factories"
        plain
        columns={columnsFor({
          rows,
          axis,
          range,
          opened: details,
          onToggle: toggle,
          sort: order,
          onSort: (next) =>
            void navigate({
              to: '/factories',
              search: (before) => ({ ...before, order: next }),
              resetScroll: false,
            }),
          few,
          recounting,
        })}
        rows={sorted(rows, order)}
        rowKey={(row) => row.factory.factory}
        onOpen={toggle}
        opened={
          details === undefined
            ? undefined
            : {
                key: details,
                draw: (row) => <FactoryDetails factory={row.factory} collection={row.collection} />,
              }
        }
        card={(row) => (
          <FactoryCard
            row={row}
            range={range}
            recounting={recounting}
            open={row.factory.factory === details}
            onToggle={toggle}
          />
        )}
      />
      {asCards ? (
        <Totals rows={rows} range={range} recounting={recounting} />
      ) : (
        <div className={styles.legend}>
          <CoverageLegend />
        </div>
      )}
    </section>
  )
}

function Totals({ rows, range, recounting }: FactoryTableProps & { range: string }) {
  return (
    <p className={styles.totals}>
      {formatCounted(rows.length, 'factory', 'factories')},{' '}
      <Runs count={sumOf(rows.map((row) => row.runs))} recounting={recounting} named />, {range},{' '}
      {formatCounted(sumOf(rows.map((row) => row.perHour)), 'request')} per h
    </p>
  )
}

/** No factory to show: because the choice leaves none, or because none is known. A source in trouble says so itself. */
function NothingKnown({ list, scoped }: { list: FactoryList; scoped: boolean }) {
  const setScope = useSetScope()
  if (scoped) {
    return (
      <EmptyState
        title="No factory is chosen that is known"
        actions={
          <Button size="small" onClick={() => setScope({ factory: undefined })}>
            Show all factories
          </Button>
        }
      />
    )
  }
  if (list.sources.some((source) => source.state === 'error')) return null
  return <NoFactories list={list} />
}
