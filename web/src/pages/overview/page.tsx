import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { factoriesQuery } from '../../api/factories'
import { type Asked, overviewQuery } from '../../api/overview'
import { timelineQuery } from '../../api/timeline'
import type { FactoryList, Overview, Timeline } from '../../api/types'
import { Histogram } from '../../chart/histogram'
import { HistogramLegend } from '../../chart/legend'
import { isPast } from '../../factory/basis'
import { knownUntil, overviewAsOf, overviewKept, readingOf, useShown } from '../../factory/stale'
import { Kept, StaleNotice, Stopped } from '../../factory/stale-notice'
import { useConnection } from '../../live/live'
import { rangeChange, useScope, useSetScope } from '../../search/use-scope'
import { Loading } from '../../state/loading'
import { ErrorState } from '../../state/panels'
import { useClock, useNow } from '../../time/clock'
import { formatTime } from '../../time/format'
import { compareInstants, toInstant } from '../../time/instant'
import { describeRange } from '../../time/range'
import { useZone } from '../../time/zone'
import { Causes } from './causes'
import { Filling } from './filling'
import styles from './overview.module.css'
import { PipelinesThatMatter } from './pipelines'
import { Problems } from './problems'
import { RunningNow } from './running'
import { answerOf, beforeOf, figuresOf, whenOf } from './sentence'

/** Is everything all right, and if not, what first? */
export function OverviewPage() {
  const scope = useScope()
  const clock = useClock()
  const overview = useQuery(overviewQuery(scope, clock.now))
  const factories = useQuery(factoriesQuery())
  const list = factories.data
  const timeline = useQuery(timelineQuery(scope, clock.now))
  const connection = useConnection()
  const shown = useShown('The overview', overview, overview.data?.readAt)
  const started = useShown('The counts of runs started', timeline)
  const until = knownUntil(connection, shown ? [shown] : [])
  const kept = overview.isPlaceholderData
  const drawn = useDrawn(overview.data, kept, until)

  return (
    <>
      <title>Overview · Andon</title>
      <StaleNotice connection={connection} shown={[shown, started]} />
      <Headline
        overview={kept ? overview.data : drawn}
        kept={kept}
        until={until}
        failed={overview.isError}
        list={list}
      />
      {overview.data && <Causes basis={overview.data.basis} />}
      {overview.isError && !overview.data && (
        <ErrorState
          title="The overview could not be read"
          error={overview.error}
          onRetry={() => void overview.refetch()}
        />
      )}
      <div className={styles.columns}>
        <div>
          {drawn ? (
            <Kept busy={kept}>
              <Problems overview={drawn} />
            </Kept>
          ) : (
            <Waiting show={overview.isPending} blocks={[20, 76, 76]} />
          )}
          <RunsStarted />
        </div>
        <div>
          {drawn ? (
            <Kept busy={kept}>
              <Stopped at={until}>
                <RunningNow running={drawn.running} past={isPast(drawn.basis)} />
              </Stopped>
            </Kept>
          ) : (
            <Waiting show={overview.isPending} blocks={[20, 28, 28, 28, 28]} />
          )}
        </div>
      </div>
      {list && <Filling list={list} />}
      {drawn ? (
        <Kept busy={kept}>
          <PipelinesThatMatter pipelines={drawn.worstPipelines} />
        </Kept>
      ) : (
        <Waiting show={overview.isPending} blocks={[20, 36, 36, 36, 36, 36]} />
      )}
    </>
  )
}

function Waiting({ show, blocks }: { show: boolean; blocks: number[] }) {
  return show ? <Loading label="Loading the overview" blocks={blocks} /> : null
}

/** The overview as far as it holds: one that is old, or of the previous choice, claims nothing of now. */
function useDrawn(overview: (Overview & Asked) | undefined, kept: boolean, until: number | null) {
  const zone = useZone()
  const now = useNow(60_000)
  const time = until === null ? null : formatTime(toInstant(until), zone, now)
  return useMemo(() => {
    if (!overview) return undefined
    if (kept) return overviewKept(overview)
    return time === null ? overview : overviewAsOf(overview, time)
  }, [overview, kept, time])
}

interface HeadlineProps {
  overview: (Overview & Asked) | undefined
  /** It is of the previous choice; that of the URL is being read. */
  kept: boolean
  /** When it last was so; null while it is kept up to date. */
  until: number | null
  failed: boolean
  list: FactoryList | undefined
}

function Headline({ overview, kept, until, failed, list }: HeadlineProps) {
  const chosen = useScope()
  const zone = useZone()
  const now = useNow()
  if (!overview) {
    return (
      <header className={styles.headline}>
        <h1>{failed ? 'Whether something needs attention is not known' : 'Overview'}</h1>
        <p>{'\u00a0'}</p>
      </header>
    )
  }
  const { scope = chosen } = overview
  const range = describeRange(scope, now, zone)
  const { limit, bold, rest } = answerOf(overview, whenOf(range), until ?? now)
  const lastRun = lastRunOf(list, scope.factory)
  return (
    <header className={styles.headline}>
      {kept ? (
        <h1>{readingOf(describeRange(chosen, now, zone))}</h1>
      ) : (
        <h1>
          {limit && <span className={styles.limited}>{limit}</span>}
          <b>{bold}</b>
          {rest}
        </h1>
      )}
      <Kept as="p" busy={kept}>
        {figuresOf({
          overview,
          when: whenOf(range),
          before: beforeOf(range),
          lastRun: lastRun ? formatTime(lastRun, zone, now) : '',
          zone,
          now,
        })}
      </Kept>
    </header>
  )
}

/** When the newest run of the scope that is known started; null when none is. */
function lastRunOf(list: FactoryList | undefined, scope: string[] | undefined): string | null {
  return (
    (list?.items ?? [])
      .filter(({ factory }) => !scope || scope.includes(factory))
      .map(({ lastRunStart }) => lastRunStart)
      .sort(compareInstants)
      .at(-1) ?? null
  )
}

const bucketWords: Record<string, string> = {
  '5m': '5 min',
  '15m': '15 min',
  '1h': 'hour',
  '1d': 'day',
  '1w': 'week',
}

function labelOf({ bucket }: Timeline): string {
  return `Runs started, per ${bucketWords[bucket] ?? bucket}`
}

function RunsStarted() {
  const scope = useScope()
  const setScope = useSetScope()
  const clock = useClock()
  const timeline = useQuery(timelineQuery(scope, clock.now))
  const { data } = timeline
  return (
    <section className={styles.section} aria-labelledby="runs-started">
      <div className={styles.sectionHead}>
        <h2 id="runs-started">{data ? labelOf(data) : 'Runs started'}</h2>
        {data && <HistogramLegend buckets={data.items} />}
      </div>
      {data ? (
        <Kept busy={timeline.isPlaceholderData}>
          <Histogram
            buckets={data.items}
            label={labelOf(data)}
            height={136}
            onSelect={(range) => setScope(rangeChange(range))}
          />
        </Kept>
      ) : timeline.isError ? (
        <ErrorState
          title="The runs of this time could not be counted"
          error={timeline.error}
          onRetry={() => void timeline.refetch()}
        />
      ) : (
        <Loading label="Counting runs" blocks={[176]} />
      )}
    </section>
  )
}
