import styles from './name.module.css'

/**
 * A name that may be cut short. Names of a company's resources begin alike (adf-nordhem-sales-prod,
 * adf-nordhem-dw-prod), so the middle goes and the end stays in sight.
 */
export function Name({ children: name }: { children: string }) {
  const cut = tailStart(name)
  return (
    <span className={styles.name} title={name}>
      <span className={cut > 3 ? `${styles.head} ${styles.long}` : styles.head}>
        {name.slice(0, cut)}
      </span>
      <span className={styles.tail}>{name.slice(cut)}</span>
    </span>
  )
}

const longestTail = 14

/** The index of the last words of a name, as many as fit the tail; its length when it is one word. */
export function tailStart(name: string): number {
  const from = Math.max(name.length - longestTail, Math.ceil(name.length / 3))
  const at = name.slice(from).search(/[-_. ]/)
  return at === -1 ? name.length : from + at
}
