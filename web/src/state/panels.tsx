import type { ApiError } from '../api/error'
import { Icon } from '../icons/icon'
import { StaleMark } from '../status/status-mark'
import { Button } from './button'
import { CommandBox } from './command-box'
import styles from './state.module.css'

interface EmptyStateProps {
  /** Why there is nothing: "No failed runs in this range". */
  title: string
  /** What is known beyond that: "History starts 3 Oct." */
  children?: React.ReactNode
  /** What to do about it: buttons or links. */
  actions?: React.ReactNode
  command?: string | undefined
}

/** Stands where rows would: why there are none, and what to do. */
export function EmptyState({ title, children, actions, command }: EmptyStateProps) {
  return (
    <div className={styles.panel}>
      <Icon name="info" />
      <div className={styles.panelBody}>
        <p className={styles.panelTitle}>{title}</p>
        {children && <div className={styles.panelText}>{children}</div>}
        {command && (
          <div className={styles.panelCommand}>
            <CommandBox command={command} />
          </div>
        )}
        {actions && <div className={styles.panelActions}>{actions}</div>}
      </div>
    </div>
  )
}

interface ErrorStateProps {
  /** What could not be shown: "Runs could not be read". */
  title: string
  error: Error
  onRetry?: (() => void) | undefined
}

/** Stands where a panel's content would: what went wrong, where, and a retry. The rest of the page lives on. */
export function ErrorState({ title, error, onRetry }: ErrorStateProps) {
  const problem = error as Partial<ApiError>
  return (
    <div className={styles.panel} role="alert">
      <Icon name="info" />
      <div className={styles.panelBody}>
        <p className={styles.panelTitle}>{title}</p>
        <p className={styles.panelText}>{problem.title ?? error.message}</p>
        {problem.detail && <p className={styles.panelText}>{problem.detail}</p>}
        {problem.errors?.map((field) => (
          <p className={styles.panelText} key={field.location + field.message}>
            {field.location.replace(/^query\./, '')} {field.message}
          </p>
        ))}
        {onRetry && (
          <div className={styles.panelActions}>
            <Button size="small" icon="refresh" onClick={onRetry}>
              Try again
            </Button>
          </div>
        )}
      </div>
    </div>
  )
}

interface StaleBannerProps {
  /** The bold half: "No data since 01:52:08." */
  title: React.ReactNode
  /** Why. */
  children?: React.ReactNode
  actions?: React.ReactNode
}

/** Says above a page that what it shows is old. */
export function StaleBanner({ title, children, actions }: StaleBannerProps) {
  return (
    <div className={styles.banner} role="status">
      <StaleMark />
      <div className={styles.bannerText}>
        <b>{title}</b> {children}
      </div>
      {actions && <div className={styles.bannerActions}>{actions}</div>}
    </div>
  )
}
