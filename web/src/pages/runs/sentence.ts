import type { RunFacets } from '../../api/types'
import { toneOf } from '../../status/status'
import { formatCount, formatCounted } from '../../time/format'
import { isChosen } from './filter'

/** The page's answer: what limits it, how many runs match, of how many, and which of them are not well. */
export function sentenceOf(
  facets: RunFacets | undefined,
  whole: number | null,
  statuses?: string[],
) {
  if (!facets) return { limit: '', bold: 'Runs', rest: '' }
  const { total, basis, recoveryReason } = facets
  const limit = basis.reason === null ? '' : `${basis.reason}: `
  const known = basis.covered === 'yes' ? '' : ' known'
  // A filter by recovery can't tell the failed runs apart whose recovery is being derived; the limit says so.
  if (total === null && recoveryReason !== null)
    return { limit, bold: 'which runs match is not known yet', rest: '' }
  // Without a total, statuses are counted where none is known, and are not where too many would have to be looked at.
  if (total === null && facets.status !== null) return { limit, bold: 'no run is known', rest: '' }
  const bold =
    total === null ? 'Many runs' : `${formatCount(total)}${known} ${total === 1 ? 'run' : 'runs'}`
  const of = total !== null && whole !== null ? ` of ${formatCount(whole)}` : ''
  const parts = partsOf(facets, statuses)
  return { limit, bold, rest: `${of}${parts.length > 0 ? ` · ${parts.join(', ')}` : ''}` }
}

function partsOf(facets: RunFacets, statuses: string[] | undefined): string[] {
  const parts: string[] = []
  const { open, notRedone, recovered } = facets
  if (open) parts.push(formatCounted(open, 'open failure'))
  if (notRedone) parts.push(`${formatCount(notRedone)} not redone`)
  if (recovered) parts.push(`${formatCount(recovered)} recovered`)
  const under = (facets.status ?? [])
    // A facet counts what each of its choices would find, the ones not chosen too.
    .filter(({ value }) => !statuses || isChosen(statuses, value))
    .filter(({ value }) => ['run', 'queue'].includes(toneOf(value)))
    .reduce((sum, { count }) => sum + count, 0)
  if (under > 0) parts.push(`${formatCount(under)} running or queued`)
  return parts
}
