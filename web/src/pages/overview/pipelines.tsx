import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Overview, PipelineHealth } from '../../api/types'
import { Legend } from '../../chart/legend'
import { Duration } from '../../run/duration'
import { RunLink } from '../../run/run-link'
import { RunReason } from '../../run/run-reason'
import { whyOf } from '../../run/why'
import { Name } from '../../state/name'
import text from '../../state/text.module.css'
import { outcomeOf } from '../../status/status'
import { RunMark } from '../../status/status-mark'
import { Strip } from '../../strip/strip'
import { useMedia } from '../../table/use-media'
import { formatCount, unknown } from '../../time/format'
import { Time } from '../../time/time'
import styles from './overview.module.css'

/** The pipelines with the most open, then the most failed, then the most runs, each with its last 30. */
export const PipelinesThatMatter = memo(function PipelinesThatMatter({
  pipelines,
}: {
  pipelines: Overview['worstPipelines']
}) {
  const asCards = useMedia('(max-width: 899px)')
  if (pipelines.length === 0) return null
  return (
    <section className={styles.section} aria-labelledby="pipelines-that-matter">
      <div className={styles.sectionHead}>
        <h2 id="pipelines-that-matter">Pipelines with most failures</h2>
        <span className={text.muted}>most open failures, then most failed runs</span>
        {!asCards && <StripLegend pipelines={pipelines} />}
      </div>
      {asCards ? <Cards pipelines={pipelines} /> : <Table pipelines={pipelines} />}
    </section>
  )
})

function StripLegend({ pipelines }: { pipelines: PipelineHealth[] }) {
  const underived = pipelines.some(({ strip }) =>
    strip.some((run) => outcomeOf(run) === 'underived'),
  )
  return (
    <Legend>
      <li>
        <i className={styles.sample} data-tone="ok" />
        succeeded
      </li>
      <li>
        <i className={styles.sample} data-tone="bad" />
        failed, open
      </li>
      <li>
        <i className={styles.sample} data-tone="notRedone" />
        not redone
      </li>
      <li>
        <i className={styles.sample} data-tone="recovered" />
        recovered
      </li>
      {underived && (
        <li>
          <i className={styles.sample} data-tone="underived" />
          recovery is being derived
        </li>
      )}
      <li>height: duration</li>
    </Legend>
  )
}

function Table({ pipelines }: { pipelines: PipelineHealth[] }) {
  return (
    <table className={styles.pipelines}>
      <thead>
        <tr>
          <th scope="col" className={styles.markCell}>
            <span className={text.hidden}>Status of the last run</span>
          </th>
          <th scope="col" className={styles.nameCell}>
            Pipeline
          </th>
          <th scope="col" className={styles.factoryCell}>
            Factory
          </th>
          <th scope="col" className={styles.stripCell}>
            Last 30 runs
          </th>
          <th scope="col" className={styles.number}>
            Succeeded
          </th>
          <th scope="col" className={styles.number}>
            Took
          </th>
          <th scope="col" className={styles.lastCell}>
            Last run
          </th>
        </tr>
      </thead>
      <tbody>
        {pipelines.map((pipeline) => (
          <tr key={keyOf(pipeline)}>
            <td className={styles.markCell}>
              <RunMark run={pipeline.last} />
            </td>
            <td className={styles.nameCell}>
              <PipelineLink pipeline={pipeline} />
            </td>
            <td className={styles.factoryCell}>
              <Name>{pipeline.factoryName}</Name>
            </td>
            <td className={styles.stripCell}>
              <PipelineStrip pipeline={pipeline} />
            </td>
            <td className={styles.number}>{succeededOf(pipeline)}</td>
            <td className={styles.number}>
              <Duration run={pipeline.last} />
            </td>
            <td className={styles.lastCell}>
              <span className={styles.lastRun}>
                <Link
                  to="/runs/$runId"
                  params={{ runId: pipeline.last.runId }}
                  search={(before) => ({ ...before, in: pipeline.factory })}
                >
                  <Time instant={pipeline.last.runStart} />
                </Link>
                <RunReason run={pipeline.last} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Cards({ pipelines }: { pipelines: PipelineHealth[] }) {
  return (
    <ul>
      {pipelines.map((pipeline) => (
        <li className={styles.card} key={keyOf(pipeline)}>
          <span className={styles.cardName}>
            <RunLink run={pipeline.last} />
          </span>
          <PipelineStrip pipeline={{ ...pipeline, strip: pipeline.strip.slice(-16) }} />
          <span className={styles.cardReason}>
            {whyOf(pipeline.last) ? <RunReason run={pipeline.last} /> : pipeline.factoryName}
          </span>
          <span className={styles.number}>{succeededOf(pipeline)}</span>
        </li>
      ))}
    </ul>
  )
}

function PipelineLink({ pipeline }: { pipeline: PipelineHealth }) {
  return (
    <Link
      to="/runs"
      search={(before) => ({
        ...before,
        pipeline: [pipeline.pipelineName],
        factory: [pipeline.factory],
      })}
      title={pipeline.pipelineName}
    >
      {pipeline.pipelineName}
    </Link>
  )
}

function PipelineStrip({ pipeline }: { pipeline: PipelineHealth }) {
  return (
    <Strip
      runs={pipeline.strip}
      factory={pipeline.factory}
      label={`Last runs of ${pipeline.pipelineName} in ${pipeline.factoryName}`}
    />
  )
}

/** "28 of 30": what succeeded, with what it is a share of. */
function succeededOf({ finished, failed }: PipelineHealth): string {
  if (finished === 0) return unknown
  return `${formatCount(finished - failed)} of ${formatCount(finished)}`
}

function keyOf(pipeline: PipelineHealth): string {
  return `${pipeline.factory}/${pipeline.pipelineName}`
}
