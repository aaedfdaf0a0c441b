import type { ActivityRun } from '../../api/types'
import { formatCount } from '../../time/format'

/** Rows that an activity read and wrote, by its output; null where the output does not say. A failed copy has them too. */
export function movedRowsOf(
  activity: Pick<ActivityRun, 'output'>,
): { read: number | null; copied: number | null } | null {
  const output: unknown = activity.output
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return null
  const { rowsRead, rowsCopied } = output as Record<string, unknown>
  const rows = { read: countOf(rowsRead), copied: countOf(rowsCopied) }
  return rows.read === null && rows.copied === null ? null : rows
}

/** "1 read, 0 copied". */
export function movedRowsWords(rows: { read: number | null; copied: number | null }): string {
  const words = []
  if (rows.read !== null) words.push(`${formatCount(rows.read)} read`)
  if (rows.copied !== null) words.push(`${formatCount(rows.copied)} copied`)
  return words.join(', ')
}

function countOf(value: unknown): number | null {
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof n === 'number' && Number.isFinite(n) && n >= 0 ? n : null
}

/**
 * The parts of output.effectiveIntegrationRuntime. A self-hosted runtime has the node in brackets, without a blank
 * before them; a managed one has its region, with one. The name alone names the runtime in its factory.
 */
export function effectiveRuntimeOf(text: string): { name: string; node: string; region: string } {
  const parts = /^(.*?)( ?)\(([^()]*)\)$/.exec(text.trim())
  if (!parts) return { name: text.trim(), node: '', region: '' }
  const [, name = '', blank, inner = ''] = parts
  return blank ? { name, node: '', region: inner } : { name, node: inner, region: '' }
}
