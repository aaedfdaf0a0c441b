import { Icon } from '../icons/icon'
import styles from './chip.module.css'

interface FilterChipProps {
  /** The filter's name: "status". */
  name: string
  /** Its value in words: "Failed, Cancelled". */
  value: string
  onRemove: () => void
}

/** A filter that is on, with a cross to take it off. */
export function FilterChip({ name, value, onRemove }: FilterChipProps) {
  return (
    <span className={styles.chip}>
      <span className={styles.name}>{name}</span>
      <span className={styles.value} title={value}>
        {value}
      </span>
      <button
        type="button"
        className={styles.remove}
        aria-label={`Remove filter ${name} ${value}`}
        onClick={onRemove}
      >
        <Icon name="close" size={12} />
      </button>
    </span>
  )
}

interface PillProps {
  /** "12 new". */
  children: React.ReactNode
  onClick: () => void
}

/** Floats over a list and brings in what waits behind it. Its text is read out when it changes. */
export function Pill({ children, onClick }: PillProps) {
  return (
    <button type="button" className={styles.pill} onClick={onClick} aria-live="polite">
      <Icon name="up" size={12} />
      {children}
    </button>
  )
}
