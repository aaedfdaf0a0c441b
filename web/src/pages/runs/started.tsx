import { useQuery } from '@tanstack/react-query'
import { timelineQuery } from '../../api/timeline'
import { Histogram } from '../../chart/histogram'
import type { RunFilter } from '../../search/schema'
import { rangeChange, useSetScope } from '../../search/use-scope'
import { Loading } from '../../state/loading'
import { ErrorState } from '../../state/panels'
import text from '../../state/text.module.css'
import { useClock } from '../../time/clock'
import { isFiltered } from './filter'
import styles from './runs.module.css'

const height = 48

/** When the runs of this scope started. It follows the factories and pipelines chosen, not the other filters. */
export function StartedHistogram({ filter }: { filter: RunFilter }) {
  const setScope = useSetScope()
  const clock = useClock()
  const timeline = useQuery(timelineQuery(filter, clock.now))
  const { data, error } = timeline
  const wider = isFiltered({ ...filter, pipeline: undefined })
  if (error && !data) {
    return (
      <ErrorState
        title="The runs of this time could not be counted"
        error={error}
        onRetry={() => void timeline.refetch()}
      />
    )
  }
  return (
    <div className={styles.histogram}>
      {data ? (
        <Histogram
          buckets={data.items}
          label={
            wider ? 'All runs started in this time, whatever the other filters' : 'Runs started'
          }
          height={height}
          onSelect={(range) => setScope(rangeChange(range))}
        />
      ) : (
        <Loading label="Counting runs" blocks={[height + 40]} />
      )}
      {wider && (
        <p className={text.muted}>
          All runs of {filter.pipeline ? 'these pipelines' : 'this time'}; the list below is
          narrower.
        </p>
      )}
    </div>
  )
}
