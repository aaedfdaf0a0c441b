import type { Overview } from '../../api/types'
import { CommandBox } from '../../state/command-box'
import text from '../../state/text.module.css'
import { StaleMark } from '../../status/status-mark'
import { Age, Time } from '../../time/time'
import styles from './overview.module.css'

/** Sources and factories that are not kept up to date, with the cause and what mends it. Nothing when all are. */
export function NotFresh({ sources }: { sources: Overview['staleSources'] }) {
  if (sources.length === 0) return null
  return (
    <section className={styles.section} aria-labelledby="not-fresh">
      <div className={styles.sectionHead}>
        <h2 id="not-fresh">Not fresh</h2>
        <span className={text.muted}>{sources.length}</span>
      </div>
      <ul className={styles.late}>
        {sources.map((late) => (
          <li key={`${late.source}/${late.factory}`}>
            <StaleMark />
            <div className={styles.lateText}>
              <p>
                {late.factory === null ? 'Source ' : ''}
                {late.name}
              </p>
              <p className={text.muted}>{late.reason}</p>
              {late.asOf && (
                <p className={text.muted}>
                  As of <Time instant={late.asOf} />.
                </p>
              )}
              {late.command && <CommandBox command={late.command} />}
            </div>
            {late.asOf && (
              <span className={text.muted}>
                <Age instant={late.asOf} /> behind
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
