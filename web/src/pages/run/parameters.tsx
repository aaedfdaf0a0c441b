import type { RunDetail } from '../../api/types'
import { JsonView } from '../../json/json-view'
import { CopyButton } from '../../state/copy'
import { EmptyState } from '../../state/panels'
import text from '../../state/text.module.css'
import { textOf } from './recovery-words'
import styles from './run.module.css'

/** What the run was started with and what it returned. */
export function Parameters({ run }: { run: RunDetail }) {
  const others = [
    { name: 'Return value', value: run.pipelineReturnValue },
    { name: 'Run dimension', value: run.runDimension },
  ].filter(({ value }) => isFilled(value))
  return (
    <>
      {isFilled(run.parameters) ? <ParameterTable run={run} /> : <NoParameters run={run} />}
      {others.map(({ name, value }) => (
        <section key={name} className={styles.parameters}>
          <h3>{name}</h3>
          <JsonView value={value} name={name.toLowerCase()} open={2} />
        </section>
      ))}
    </>
  )
}

/** That there are none, or why they are not known. */
function NoParameters({ run }: { run: RunDetail }) {
  // Only an empty object says that there are none.
  if (run.parameters !== null) return <EmptyState title="This run was started without parameters" />
  return (
    <EmptyState title="The parameters of this run are not known">
      {run.origin === 'log'
        ? 'It is known from an imported log, and logs hold no parameters.'
        : 'They are not part of what was received for this run.'}
    </EmptyState>
  )
}

function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined && Object.keys(value as object).length > 0
}

/** Each parameter with its value, and how it is compared with those of other runs of the pipeline. */
function ParameterTable({ run }: { run: RunDetail }) {
  const uses = new Map(run.parameterUses.map((use) => [use.name, use]))
  return (
    <section className={styles.parameters}>
      <div className={styles.chartHead}>
        <h3>Parameters</h3>
        <CopyButton text={JSON.stringify(run.parameters, null, 2)} what="parameters" withWord />
      </div>
      <table className={styles.uses} aria-label="Parameters">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
            <th scope="col">Compared with other runs</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(run.parameters as object).map(([name, value]) => {
            const use = uses.get(name)
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <Value name={name} value={value} />
                </td>
                <td>
                  {use ? (use.class ?? 'not classified') : '–'}
                  {use && <p className={text.muted}>{use.reason}</p>}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}

function Value({ name, value }: { name: string; value: unknown }) {
  if (typeof value === 'object' && value !== null) {
    return <JsonView value={value} name={name} open={1} />
  }
  return <span className={text.mono}>{value === '' ? '""' : textOf(value)}</span>
}
