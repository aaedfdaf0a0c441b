import styles from './progress.module.css'

/** A bar that says how much is done, from 0 to 1, or null where that is not known; `label` says of what. */
export function Progress({ done, label }: { done: number | null; label: string }) {
  return (
    <progress className={styles.progress} max={1} value={done ?? undefined} aria-label={label} />
  )
}
