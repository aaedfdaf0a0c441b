import type { Factory } from '../api/types'
import text from '../state/text.module.css'
import { StaleMark, StatusMark } from '../status/status-mark'
import { stateWords } from './state'
import styles from './state-mark.module.css'

/** The mark of a factory's state. A fresh one is only a dot: what is well stays quiet. */
export function StateMark({ state }: { state: Factory['state'] }) {
  return (
    <span className={styles.mark} title={stateWords[state]}>
      <Shape state={state} />
      <span className={text.hidden}>{stateWords[state]}</span>
    </span>
  )
}

function Shape({ state }: { state: Factory['state'] }) {
  switch (state) {
    case 'fresh':
      return <span className={styles.dot} aria-hidden="true" />
    case 'stale':
      return <StaleMark />
    case 'refused':
      return <StatusMark status="Failed" decorative />
    case 'filling':
      return <StatusMark status="InProgress" decorative />
    case 'not collected':
      return <span className={styles.hollow} aria-hidden="true" />
    case 'gone':
      return <StatusMark status="Cancelled" decorative />
  }
}
