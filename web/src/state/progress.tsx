import styles from './progress.module.css'

/** A bar that says how much is done, from 0 to 1; `label` says of what. */
export function Progress({ done, label }: { done: number; label: string }) {
  return <progress className={styles.progress} max={1} value={done} aria-label={label} />
}
