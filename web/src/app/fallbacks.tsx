import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { Loading } from '../state/loading'
import { ErrorState } from '../state/panels'
import styles from './fallbacks.module.css'

/** For a path that no page has. */
export function NotFound() {
  return (
    <div className={styles.page}>
      <title>No such page · Andon</title>
      <h1>There is no such page</h1>
      <p>
        The address may be mistyped. Go to the <Link to="/">overview</Link> or to all{' '}
        <Link to="/runs">runs</Link>.
      </p>
    </div>
  )
}

/** For a page that broke: what broke it, and a way to draw it again. */
export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  return (
    <div className={styles.page}>
      <title>Page broken · Andon</title>
      <h1>This page could not be drawn</h1>
      <ErrorState title="Something in it broke" error={asError(error)} onRetry={retry} />
    </div>
  )
}

export function PageLoading() {
  return (
    <div className={styles.page}>
      <Loading label="Loading the page" blocks={[36, 20, 160]} />
    </div>
  )
}

/** Anything can be thrown. */
function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
