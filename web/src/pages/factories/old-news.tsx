import type { UseQueryResult } from '@tanstack/react-query'
import type { Collection, FactoryList } from '../../api/types'
import type { ConnectionState } from '../../live/connection'
import { Button } from '../../state/button'
import { StaleBanner } from '../../state/panels'
import { toInstant } from '../../time/instant'
import { Time } from '../../time/time'

interface Asked {
  connection: ConnectionState
  factories: UseQueryResult<FactoryList>
  collection: UseQueryResult<Collection>
}

/** When the factories last were as the page says, in milliseconds; null while news of them comes in. */
export function knownUntil({ connection, factories }: Omit<Asked, 'collection'>): number | null {
  if (connection.state === 'offline') return Math.max(connection.since, factories.dataUpdatedAt)
  return factories.isError ? factories.dataUpdatedAt : null
}

/** Says above the page that what it shows is old: live updates are lost, or it could not be read again. */
export function OldNews({ connection, factories, collection }: Asked) {
  const failed = failureOf(factories, collection)
  const lost = connection.state === 'offline' ? connection.since : null
  if (lost === null && failed === null) return null
  const answers = lost === null || factories.dataUpdatedAt > lost
  return (
    <StaleBanner
      title={
        lost === null ? (
          'This may be old.'
        ) : (
          <>
            Live updates lost at <Time instant={toInstant(lost)} />.
          </>
        )
      }
      actions={
        <Button
          size="small"
          icon="refresh"
          onClick={() => {
            void factories.refetch()
            void collection.refetch()
          }}
        >
          Try again
        </Button>
      }
    >
      {!answers && 'The Andon server does not answer; this page shows what it knew then.'}
      {answers && lost !== null && 'This page is read again each minute instead. '}
      {answers && failed}
    </StaleBanner>
  )
}

/** What of the page stands still, though it was read before. */
function failureOf(
  factories: UseQueryResult<FactoryList>,
  collection: UseQueryResult<Collection>,
): string | null {
  const list = factories.isError && factories.data !== undefined
  const figures = collection.isError && collection.data !== undefined
  if (list && figures) return `Nothing here could be read again: ${factories.error.message}`
  if (list) return `The factories could not be read again: ${factories.error.message}`
  if (figures) return `Runs, lag and requests could not be read again: ${collection.error.message}`
  return null
}
