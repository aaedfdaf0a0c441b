import type { RunRow } from '../../api/types'

const words: Record<RunRow['origin'], string | null> = {
  api: null,
  file: 'an imported file of what Azure had sent',
  log: 'an imported log, which says less than Azure',
}

/** Where an imported run is known from; null for one that Azure itself sent. */
export function importedFrom({ origin }: Pick<RunRow, 'origin'>): string | null {
  return words[origin]
}
