import type { Factory, FactoryList } from '../../api/types'
import { NoFactories } from '../../factory/no-factories'
import { CommandBox } from '../../state/command-box'
import { Progress } from '../../state/progress'
import text from '../../state/text.module.css'
import { StatusMark } from '../../status/status-mark'
import { formatCount, formatShare } from '../../time/format'
import { Time } from '../../time/time'
import styles from './overview.module.css'

/** How far the first reading of history is, factory by factory, and what Azure refuses. */
export function Filling({ list }: { list: FactoryList }) {
  const filling = list.items.some((f) => f.state === 'filling' || f.state === 'refused')
  if (list.items.length === 0) return <NoFactories list={list} />
  if (!filling) return null
  return (
    <section className={styles.section} aria-labelledby="history">
      <div className={styles.sectionHead}>
        <h2 id="history">History being read</h2>
        <span className={text.muted}>newest day first</span>
      </div>
      <ul>
        {list.items.map((factory) => (
          <li key={factory.factory} className={styles.filling}>
            <span className={styles.fillingName}>
              <StatusMark status={markOf(factory)} decorative />
              {factory.name}
            </span>
            <FactoryFill factory={factory} />
            <span className={styles.number}>
              {factory.runs > 0 ? `${formatCount(factory.runs)} runs` : '–'}
            </span>
            {factory.lastError && <Trouble error={factory.lastError} />}
          </li>
        ))}
      </ul>
    </section>
  )
}

function markOf(factory: Factory): string {
  if (factory.state === 'refused') return 'Failed'
  return factory.coverage.complete ? 'Succeeded' : 'InProgress'
}

function FactoryFill({ factory }: { factory: Factory }) {
  const { doneShare, from, complete } = factory.coverage
  if (factory.state === 'refused')
    return <span className={text.bad}>Azure refuses to list its runs</span>
  return (
    <span className={styles.progress}>
      <Progress done={doneShare ?? 0} label={`History of ${factory.name} read`} />
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
