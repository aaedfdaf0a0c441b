import type { RunRow } from '../api/types'
import { isTerminal, outcomeOf, statusOf, statusWord } from '../status/status'
import { formatDuration, formatTime, formatWhole } from '../time/format'
import { toMillis } from '../time/instant'
import type { Zone } from '../time/zone'
import { el } from './dom'
import { mark } from './marks'

/** The table of runs. No cause and no names but the pipeline's: a portal's visitors need not know more. */
export function drawTable(rows: readonly RunRow[], zone: Zone, now: number): Element {
  const head = el(
    'tr',
    {},
    el('th', { scope: 'col', class: 'status' }, el('span', { class: 'sr' }, 'Mark')),
    el('th', { scope: 'col' }, 'Pipeline'),
    el('th', { scope: 'col', class: 'state' }, 'State'),
    el('th', { scope: 'col', class: 'number' }, 'Start'),
    el('th', { scope: 'col', class: 'number' }, 'Duration'),
  )
  const body = rows.map((run) => drawRow(run, zone, now))
  return el('table', {}, el('thead', {}, head), el('tbody', {}, ...body))
}

function drawRow(run: RunRow, zone: Zone, now: number): Element {
  const outcome = outcomeOf(run)
  const start = el('time', {}, formatTime(run.runStart, zone, now))
  if (run.runStart) {
    start.dateTime = run.runStart
    start.title = formatWhole(run.runStart, zone)
  }
  return el(
    'tr',
    { 'data-run': run.runId },
    el('td', { class: 'status' }, mark(statusOf(run), outcome)),
    el('td', { class: 'name' }, run.pipelineName),
    el('td', { class: 'state' }, statusWord(statusOf(run), outcome)),
    el('td', { class: 'number' }, start),
    el('td', { class: 'number' }, formatDuration(duration(run, now))),
  )
}

/** How long the run took, or takes so far. */
function duration(run: RunRow, now: number): number | null {
  if (run.durationInMs !== null || isTerminal(statusOf(run))) return run.durationInMs
  const start = toMillis(run.runStart)
  return start === null ? null : Math.max(0, now - start)
}
