import type { FactoryList } from '../api/types'
import { EmptyState } from '../state/panels'

interface NoFactoriesProps {
  list: Pick<FactoryList, 'sources' | 'pollSeconds'>
}

/** No factory is known: because nobody asks or asked yet, because Azure refuses, or because the identity may read none. */
export function NoFactories({ list: { sources, pollSeconds } }: NoFactoriesProps) {
  const broken = sources.filter((source) => source.state === 'error')
  if (broken.length > 0) {
    return broken.map((source) => (
      <EmptyState
        key={source.source}
        title={source.what ?? `Source ${source.source} cannot be read`}
        command={source.command ?? undefined}
      >
        {source.advice}
      </EmptyState>
    ))
  }
  if (sources.some((source) => source.state === 'ok')) {
    return (
      <EmptyState
        title="The identity may read no factory"
        command='az role assignment create --assignee <client id> --role "Andon reader" --scope <factory, resource group or subscription>'
      >
        Azure answered, and listed none. Assign the role that the README describes; Andon looks
        again every ten minutes.
      </EmptyState>
    )
  }
  if (pollSeconds === null) {
    return (
      <EmptyState title="No history is stored">
        Collecting is off: this server was started with --no-collect. Start it without, or stop it
        and import saved responses with andon import.
      </EmptyState>
    )
  }
  return (
    <EmptyState title="No history is stored">
      Nothing has been collected or imported yet. The factories appear as soon as Azure has listed
      them.
    </EmptyState>
  )
}
