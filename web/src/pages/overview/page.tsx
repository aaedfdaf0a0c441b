import { useQuery } from '@tanstack/react-query'
import { factoriesQuery } from '../../api/factories'
import { overviewQuery } from '../../api/overview'
import { timelineQuery } from '../../api/timeline'
import type { Overview, Timeline } from '../../api/types'
import { summarizeFreshness } from '../../app/freshness-summary'
import { Histogram } from '../../chart/histogram'
import { HistogramLegend } from '../../chart/legend'
import { rangeChange, useScope, useSetScope } from '../../search/use-scope'
import { Loading } from '../../state/loading'
import { ErrorState, StaleBanner } from '../../state/panels'
import { useClock, useNow } from '../../time/clock'
import { describeRange } from '../../time/range'
import { Time } from '../../time/time'
import { useZone } from '../../time/zone'
import { Filling } from './filling'
import { NotFresh } from './late'
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
  const stale =
    list !== undefined && summarizeFreshness(list.items, list.sources, scope.factory).allStale

  return (
    <>
      <title>Overview · Andon</title>
      {stale && <NothingNewer overview={overview.data} />}
      <Headline overview={overview.data} failed={overview.isError} fresh={!stale} />
      {overview.isError && !overview.data && (
        <ErrorState
          title="The overview could not be read"
          error={overview.error}
          onRetry={() => void overview.refetch()}
        />
      )}
      <div className={styles.columns}>
        <div>
          {overview.data ? (
            <Problems overview={overview.data} />
          ) : (
            <Waiting show={overview.isPending} blocks={[20, 76, 76]} />
          )}
          <RunsStarted />
        </div>
        <div>
          {overview.data ? (
            <>
              <RunningNow running={overview.data.running} />
              <NotFresh sources={overview.data.staleSources} />
            </>
          ) : (
            <Waiting show={overview.isPending} blocks={[20, 28, 28, 28, 28]} />
          )}
        </div>
      </div>
      {list && <Filling list={list} />}
      {overview.data ? (
        <PipelinesThatMatter pipelines={overview.data.worstPipelines} />
      ) : (
        <Waiting show={overview.isPending} blocks={[20, 36, 36, 36, 36, 36]} />
      )}
    </>
  )
}

function Waiting({ show, blocks }: { show: boolean; blocks: number[] }) {
  return show ? <Loading label="Loading the overview" blocks={blocks} /> : null
}

interface HeadlineProps {
  overview: Overview | undefined
  failed: boolean
  fresh: boolean
}

function Headline({ overview, failed, fresh }: HeadlineProps) {
  const scope = useScope()
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
  const range = describeRange(scope, now, zone)
  const { bold, rest } = answerOf(overview, fresh, now)
  return (
    <header className={styles.headline}>
      <h1>
        <b>{bold}</b>
        {rest}
      </h1>
      <p>{figuresOf(overview, whenOf(range), beforeOf(range))}</p>
    </header>
  )
}

function NothingNewer({ overview }: { overview: Overview | undefined }) {
  const reasons = new Set(overview?.staleSources.map((late) => late.reason))
  return (
    <StaleBanner
      title={
        <>
          Nothing newer than <Time instant={overview?.asOf} /> is known.
        </>
      }
    >
      {[...reasons].join(' ')}
    </StaleBanner>
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
        <Histogram
          buckets={data.items}
          label={labelOf(data)}
          height={136}
          onSelect={(range) => setScope(rangeChange(range))}
        />
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
