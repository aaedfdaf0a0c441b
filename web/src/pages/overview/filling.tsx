import type { Factory, FactoryList } from '../../api/types'
import { NoFactories } from '../../factory/no-factories'
import { CommandBox } from '../../state/command-box'
import { Progress } from '../../state/progress'
import text from '../../state/text.module.css'
import { StatusMark } from '../../status/status-mark'
import { formatCounted, formatShare, unknown } from '../../time/format'
import { Time } from '../../time/time'
import styles from './overview.module.css'

/** How far the first reading of history is, factory by factory. */
export function Filling({ list }: { list: FactoryList }) {
  const filling = list.items.filter((f) => f.state === 'filling' && !f.neverRead)
  // What keeps factories from being found is said above, with its command.
  if (list.items.length === 0 && list.basis.causes.length > 0) return null
  if (list.items.length === 0) return <NoFactories list={list} />
  if (filling.length === 0) return null
  return (
    <section className={styles.section} aria-labelledby="history">
      <div className={styles.sectionHead}>
        <h2 id="history">History being read</h2>
        <span className={text.muted}>newest day first</span>
      </div>
      <ul>
        {filling.map((factory) => (
          <li key={factory.factory} className={styles.filling}>
            <span className={styles.fillingName}>
              <StatusMark status="InProgress" decorative />
              {factory.name}
            </span>
            <FactoryFill factory={factory} />
            <span className={styles.number}>
              {factory.runs ? formatCounted(factory.runs, 'run') : unknown}
            </span>
            {factory.lastError && <Trouble error={factory.lastError} />}
          </li>
        ))}
      </ul>
    </section>
  )
}

function FactoryFill({ factory }: { factory: Factory }) {
  const { doneShare, from, complete } = factory.coverage
  return (
    <span className={styles.progress}>
      <Progress done={doneShare} label={`History of ${factory.name} read`} />
      <span className={text.muted}>
        {complete || doneShare === null ? '' : `${formatShare(doneShare)} `}
        {from && (
          <>
            back to <Time instant={from} />
          </>
        )}
      </span>
    </span>
  )
}

function Trouble({ error }: { error: NonNullable<Factory['lastError']> }) {
  return (
    <div className={styles.trouble}>
      <p>{error.what}</p>
      <p className={text.muted}>{error.advice}</p>
      {error.command && <CommandBox command={error.command} />}
    </div>
  )
}
