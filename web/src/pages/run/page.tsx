import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { basisMs } from '../../api/basis'
import { ApiError } from '../../api/error'
import { childrenQuery, groupQuery, type RunRef, runQuery } from '../../api/run'
import type { RunDetail } from '../../api/types'
import { knownUntil, lostAt, useShown } from '../../factory/stale'
import { StaleNotice, Stopped } from '../../factory/stale-notice'
import { Icon } from '../../icons/icon'
import { useShortcut } from '../../keys/shortcuts'
import { useConnection } from '../../live/live'
import { CopyButton } from '../../state/copy'
import { Kbd } from '../../state/kbd'
import { Loading } from '../../state/loading'
import { EmptyState, ErrorState } from '../../state/panels'
import { Tabs } from '../../state/tabs'
import text from '../../state/text.module.css'
import { statusOf, statusWord } from '../../status/status'
import { RunMark } from '../../status/status-mark'
import { useNow } from '../../time/clock'
import { formatTime } from '../../time/format'
import { toInstant } from '../../time/instant'
import { useZone } from '../../time/zone'
import { Activities, useActivities } from './activities'
import { Cause } from './cause'
import { Facts } from './facts'
import { Parameters } from './parameters'
import { Raw } from './raw'
import { GroupBeside, Related } from './related'
import styles from './run.module.css'
import { RunSentence } from './sentence'
import { TimeSpent } from './time-spent'

/** What happened, why, and is it still broken? */
export function RunPage() {
  const { runId } = useParams({ from: '/runs/$runId' })
  const { in: factory } = useSearch({ from: '/runs/$runId' })
  const reference: RunRef = { runId, factory }
  const connection = useConnection()
  const run = useQuery({
    ...runQuery(reference),
    refetchInterval: lostAt(connection) === null ? false : basisMs,
  })
  const shown = useShown('The run', run, run.data?.readAt)

  if (run.data && shown) {
    return (
      <>
        <StaleNotice
          connection={connection}
          shown={[shown]}
          instead="The run is read again each minute instead."
        />
        <Run run={run.data} reference={reference} until={knownUntil(connection, [shown])} />
      </>
    )
  }
  return (
    <>
      <title>Run · Andon</title>
      <h1 className={styles.waiting}>Run {runId}</h1>
      {run.isPending ? (
        <Loading label="Loading the run" blocks={[36, 24, 120, 32, 28, 28, 28, 28]} />
      ) : run.error instanceof ApiError && run.error.status === 404 ? (
        <EmptyState
          title="There is no such run in Andon's history"
          actions={<Link to="/runs">All runs</Link>}
        >
          {run.error.detail}
        </EmptyState>
      ) : (
        <ErrorState
          title="The run could not be read"
          error={run.error ?? new Error('without a reason')}
          onRetry={() => void run.refetch()}
        />
      )}
    </>
  )
}

interface RunProps {
  run: RunDetail
  reference: RunRef
  /** When it last was so; null while it is kept up to date. */
  until: number | null
}

function Run({ run, reference, until }: RunProps) {
  const zone = useZone()
  const now = useNow(60_000)
  return (
    <>
      <title>{`${run.pipelineName} ${statusWord(statusOf(run)).toLowerCase()} · Andon`}</title>
      <header className={styles.header}>
        <div className={styles.crumbs}>
          <Crumbs run={run} />
          <Neighbours run={run} />
        </div>
        <div className={styles.title}>
          <RunMark run={run} size={24} />
          <h1>
            {until !== null && `As of ${formatTime(toInstant(until), zone, now)}: `}
            <b>{run.pipelineName}</b> {statusWord(statusOf(run)).toLowerCase()}
          </h1>
          <span className={styles.acts}>
            <a className={styles.out} href={run.studioUrl} target="_blank" rel="noreferrer">
              Studio
              <Icon name="external" size={14} />
            </a>
            <CopyButton text={location.href} what="the link to this run" />
          </span>
        </div>
        <Stopped at={until}>
          <RunSentence run={run} reference={reference} />
        </Stopped>
        <AlsoIn run={run} />
      </header>
      <Cause run={run} reference={reference} />
      <RunTabs run={run} reference={reference} />
      <div className={styles.columns}>
        <Facts run={run} />
        {run.groupSize > 1 && <GroupBeside run={run} reference={reference} />}
        <TimeSpent run={run} reference={reference} />
      </div>
    </>
  )
}

function Crumbs({ run }: { run: RunDetail }) {
  return (
    <nav aria-label="Where this run belongs">
      <Link to="/runs">Runs</Link>
      <Icon name="right" size={12} />
      <Link to="/runs" search={(before) => ({ ...before, factory: [run.factory] })}>
        {run.factoryName}
      </Link>
      <Icon name="right" size={12} />
      <Link
        to="/runs"
        search={(before) => ({
          ...before,
          factory: [run.factory],
          pipeline: [run.pipelineName],
        })}
      >
        {run.pipelineName}
      </Link>
    </nav>
  )
}

/** The runs of the same pipeline before and after this one. */
function Neighbours({ run }: { run: RunDetail }) {
  const navigate = useNavigate()
  const go = (runId: string | null) => {
    if (runId === null) return
    void navigate({
      to: '/runs/$runId',
      params: { runId },
      search: (before) => ({ ...before, in: run.factory, activity: undefined }),
    })
  }
  useShortcut(
    '[',
    'The run of this pipeline before',
    () => go(run.previousRunId),
    run.previousRunId !== null,
  )
  useShortcut(
    ']',
    'The run of this pipeline after',
    () => go(run.nextRunId),
    run.nextRunId !== null,
  )
  return (
    <span className={styles.neighbours}>
      <Neighbour run={run} runId={run.previousRunId} sign="[" word="before" />
      <Neighbour run={run} runId={run.nextRunId} sign="]" word="after" />
      <span className={text.muted}>other runs of this pipeline</span>
    </span>
  )
}

interface NeighbourProps {
  run: RunDetail
  runId: string | null
  sign: string
  word: string
}

function Neighbour({ run, runId, sign, word }: NeighbourProps) {
  if (runId === null) return null
  return (
    <Link
      to="/runs/$runId"
      params={{ runId }}
      search={(before) => ({ ...before, in: run.factory, activity: undefined })}
      aria-label={`The run of this pipeline ${word} this one`}
    >
      <Kbd>{sign}</Kbd>
    </Link>
  )
}

function AlsoIn({ run }: { run: RunDetail }) {
  if (run.alsoIn.length === 0) return null
  return (
    <p className={text.muted}>
      The same run id stands in{' '}
      {run.alsoIn.map((other, index) => (
        <span key={other.factory}>
          {index > 0 && ', '}
          <Link
            className={styles.link}
            to="/runs/$runId"
            params={{ runId: run.runId }}
            search={(before) => ({ ...before, in: other.factory })}
          >
            {other.factoryName}
          </Link>
        </span>
      ))}
      .
    </p>
  )
}

function RunTabs({ run, reference }: { run: RunDetail; reference: RunRef }) {
  const navigate = useNavigate()
  const { tab } = useSearch({ from: '/runs/$runId' })
  const activities = useActivities(reference)
  const parameters = Object.keys((run.parameters ?? {}) as object).length
  return (
    <div className={styles.tabs}>
      <Tabs
        label="What belongs to this run"
        value={tab ?? 'activities'}
        onChange={(id) =>
          void navigate({
            to: '.',
            search: (before) => ({ ...before, tab: id === 'activities' ? undefined : id }),
            replace: true,
            resetScroll: false,
          })
        }
        tabs={[
          {
            id: 'activities',
            label: 'Activities',
            count: activities.data?.items.length || null,
            panel: () => <Activities run={run} reference={reference} />,
          },
          {
            id: 'parameters',
            label: 'Parameters',
            count: parameters || null,
            panel: () => <Parameters run={run} />,
          },
          {
            id: 'group',
            label: 'Group',
            count: run.groupSize > 1 ? run.groupSize : null,
            panel: () => (
              <Related
                query={groupQuery(reference)}
                label="Run group"
                current={run}
                empty="This run has no reruns"
              />
            ),
          },
          {
            id: 'children',
            label: 'Children',
            count: run.childCount || null,
            panel: () => (
              <Related
                query={childrenQuery(reference)}
                label="Children"
                current={run}
                empty="This run started no other"
              />
            ),
          },
          {
            id: 'raw',
            label: 'Raw',
            panel: () => <Raw run={run} />,
          },
        ]}
      />
    </div>
  )
}
