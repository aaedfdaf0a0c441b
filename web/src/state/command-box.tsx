import { CopyButton } from './copy'
import styles from './state.module.css'

/** A command to run, whole and with one click to copy. */
export function CommandBox({ command }: { command: string }) {
  return (
    <div className={styles.command}>
      <code>{command}</code>
      <CopyButton text={command} what="command" />
    </div>
  )
}
