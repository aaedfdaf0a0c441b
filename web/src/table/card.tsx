import styles from './virtual-table.module.css'

interface CardProps {
  /** A 16 px mark. */
  mark: React.ReactNode
  /** First line: what it is, a link. */
  title: React.ReactNode
  /** First line, right. */
  end: React.ReactNode
  /** Second line, small. */
  note: React.ReactNode
  /** Second line, right. */
  noteEnd: React.ReactNode
}

/** A row of a table as two lines, for narrow screens. */
export function Card({ mark, title, end, note, noteEnd }: CardProps) {
  return (
    <div className={styles.card}>
      <span className={styles.cardMark}>{mark}</span>
      <span className={styles.cardLine}>{title}</span>
      <span>{end}</span>
      <span className={styles.cardNote}>
        <span>{note}</span>
        <span>{noteEnd}</span>
      </span>
    </div>
  )
}
