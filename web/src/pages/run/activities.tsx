import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { activitiesQuery, type RunRef, wantedKey } from '../../api/run'
import type { ActivityList, RunDetail } from '../../api/types'
import { Button } from '../../state/button'
import { Loading } from '../../state/loading'
import { EmptyState, ErrorState } from '../../state/panels'
import text from '../../state/text.module.css'
import { isTerminal, statusOf } from '../../status/status'
import { useNow } from '../../time/clock'
import { toMillis } from '../../time/instant'
import { Time } from '../../time/time'
import { chartOf } from './gantt'
import { Gantt, GanttLegend } from './gantt-view'
import styles from './run.module.css'

// An event says when the activities have come; this is for when none does, as after Azure has refused.
const askAgain = 2_000

/** The query of a run's activities, asked again while the server is reading them. */
export function useActivities(ref: RunRef) {
  return useQuery({
    ...activitiesQuery(ref),
    refetchInterval: ({ state }) => (state.data?.state === 'reading' ? askAgain : false),
  })
}

interface ActivitiesProps {
  run: RunDetail
  reference: RunRef
}

/** What the run did, and what of that is not known. */
export function Activities({ run, reference }: ActivitiesProps) {
  const activities = useActivities(reference)
  const client = useQueryClient()
  const { data, error } = activities
  if (!data) {
    if (!error) return <Loading label="Loading activities" blocks={[24, 24, 24, 24]} />
    return (
      <ErrorState
        title="Activities could not be read"
        error={error}
        onRetry={() => void activities.refetch()}
      />
    )
  }
  return (
    <>
      <Known
        list={data}
        ended={isTerminal(statusOf(run))}
        onRetry={() => void activities.refetch()}
        onRead={() => {
          client.setQueryData(wantedKey(reference), true)
          void activities.refetch()
        }}
      />
      {data.items.length > 0 && <Chart run={run} list={data} />}
    </>
  )
}

function Chart({ run, list }: { run: RunDetail; list: ActivityList }) {
  const navigate = useNavigate()
  const { activity } = useSearch({ from: '/runs/$runId' })
  const running = !isTerminal(statusOf(run))
  // A finished run stands still; a running one grows.
  const now = useNow(running ? 1_000 : 3_600_000)
  const chart = chartOf(
    list.items,
    toMillis(run.runStart),
    toMillis(run.runEnd) ?? (running ? now : null),
    now,
  )
  return (
    <>
      <div className={styles.chartHead}>
        <span className={text.muted}>In order of start</span>
        <GanttLegend />
      </div>
      <Gantt
        chart={chart}
        factory={run.factory}
        open={activity}
        onOpen={(id) =>
          void navigate({
            to: '.',
            search: (before) => ({ ...before, activity: id }),
            replace: true,
            resetScroll: false,
          })
        }
      />
    </>
  )
}

/** Whether all activities are here; silent when they are. */
function Known({
  list,
  ended,
  onRetry,
  onRead,
}: {
  list: ActivityList
  ended: boolean
  onRetry: () => void
  onRead: () => void
}) {
  // Read while the run went on, and not again since it ended, as without collecting or after an error.
  const cut = list.state === 'partial' && ended
  const again = (
    <Button size="small" icon="refresh" onClick={onRetry}>
      Ask again
    </Button>
  )
  const none = list.items.length === 0
  if (list.state === 'complete') {
    return none ? (
      <EmptyState title="This run had no activities">Azure lists none for it.</EmptyState>
    ) : null
  }
  const title = {
    reading: 'Activities are being read from Azure',
    partial: cut
      ? 'Read while the run went on: later activities are not here'
      : none
        ? 'No activity has started yet'
        : 'The run goes on, so more activities may come',
    imported: 'Imported activities',
    none: 'Activities are not known',
    notKept: 'Activities were not kept',
  }[list.state]
  if (!none) {
    return (
      <p className={styles.known} role="status">
        {title}
        {list.asOf && (
          <>
            {' '}
            · as of <Time instant={list.asOf} />
          </>
        )}
        {list.reason && ` · ${list.reason}`} {cut && again}
      </p>
    )
  }
  return (
    <EmptyState
      title={title}
      actions={
        list.state === 'none' || cut ? (
          again
        ) : list.state === 'notKept' ? (
          <Button size="small" icon="refresh" onClick={onRead}>
            Read them from Azure
          </Button>
        ) : undefined
      }
    >
      {list.reason ??
        (list.state === 'reading' ? 'They stand here as soon as Azure has answered.' : null)}
    </EmptyState>
  )
}
