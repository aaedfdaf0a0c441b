import type { Factory, FactoryList } from '../../api/types'
import { isImported, isStale, isWatched } from '../../factory/state'
import {
  formatAge,
  formatCount,
  formatCounted,
  formatDate,
  formatDuration,
  formatTime,
} from '../../time/format'
import { compareInstants, toMillis } from '../../time/instant'
import type { Zone } from '../../time/zone'

/** The page's answer: the bold half, and what is added in a quieter voice. */
interface Answer {
  bold: string
  rest: string
}

/** Whether what the board shows is complete, in one sentence. */
export function answerOf(
  list: Pick<FactoryList, 'items' | 'sources' | 'basis'>,
  zone: Zone,
  now: number,
): Answer {
  const { items } = list
  if (items.length === 0) return { bold: 'No factory is known', rest: causeOf(list) }
  const watched = items.filter(isWatched)
  if (watched.length === 0) return notWatched(items, zone, now)
  const late = watched.filter(isStale)
  const filling = watched.filter((f) => f.state === 'filling' && !f.neverRead)
  const fresh = watched.length - late.length - filling.length
  const parts = [
    ...(late.length > 0 ? [`${lateWords(late, watched.length, zone, now)}${causeOf(list)}`] : []),
    ...(filling.length > 0 && fresh + late.length > 0 ? [fillingWords(filling)] : []),
  ]
  return {
    bold: fresh === 0 && late.length === 0 ? wholeFill(filling) : freshWords(fresh, watched.length),
    // The fill's own words are the answer where nothing else is to be said.
    rest: parts.length === 0 ? onlyFill(filling, fresh) : `, ${parts.join(', ')}`,
  }
}

function freshWords(fresh: number, watched: number): string {
  if (watched === 1)
    return fresh === 1 ? 'The only factory is fresh' : 'The only factory is not fresh'
  if (fresh === watched) return `All ${formatCount(watched)} factories are fresh`
  if (fresh === 0) return `None of ${formatCount(watched)} factories is fresh`
  return `${formatCount(fresh)} of ${formatCount(watched)} factories ${fresh === 1 ? 'is' : 'are'} fresh`
}

/** "4 were never read", "1 not updating since 01:49:41", or both. */
function lateWords(late: Factory[], watched: number, zone: Zone, now: number): string {
  const never = late.filter((f) => f.neverRead).length
  const stale = late.length - never
  const [since] = late.flatMap((f) => f.asOf ?? []).sort(compareInstants)
  const who = (count: number) => (watched === 1 ? 'it' : formatCount(count))
  return [
    never > 0 ? `${who(never)} ${never === 1 ? 'was' : 'were'} never read` : '',
    stale > 0
      ? `${who(stale)} ${watched === 1 ? 'is ' : ''}not updating${since ? ` since ${formatTime(since, zone, now)}` : ''}`
      : '',
  ]
    .filter(Boolean)
    .join(', ')
}

/** ": Entra ID refuses the secret", or how many causes there are. */
function causeOf({ basis }: Pick<FactoryList, 'basis'>): string {
  const causes = [...new Set(basis.causes.map((cause) => cause.what))]
  if (causes.length === 0) return ''
  return causes.length === 1 ? `: ${causes[0]}` : `, for ${causes.length} different reasons`
}

function fillingWords(filling: Factory[]): string {
  const who = filling.length === 1 ? '1 is' : `${formatCount(filling.length)} are`
  return `${who} being read${progressOf(filling)}`
}

function wholeFill(filling: Factory[]): string {
  return filling.length === 1
    ? 'The history of the only factory is being read'
    : `The history of ${formatCount(filling.length)} factories is being read`
}

function onlyFill(filling: Factory[], fresh: number): string {
  return filling.length > 0 && fresh === 0 ? progressOf(filling) : ''
}

/** ": 63 %, about 12 m left": the share of the wanted time of all, and the longest estimate. */
function progressOf(filling: Factory[]): string {
  const shares = filling.flatMap((f) => f.coverage.doneShare ?? [])
  const left = filling.flatMap((f) => f.fill?.secondsLeft ?? [])
  // A part that is not known makes the whole unknown.
  const parts = [
    shares.length === filling.length
      ? formatDone(shares.reduce((sum, each) => sum + each, 0) / shares.length)
      : '',
    left.length === filling.length ? `about ${formatAge(Math.max(...left) * 1_000)} left` : '',
  ].filter(Boolean)
  return parts.length > 0 ? `: ${parts.join(', ')}` : ''
}

function notWatched(items: Factory[], zone: Zone, now: number): Answer {
  const newest = items
    .map((f) => f.asOf)
    .sort(compareInstants)
    .at(-1)
  const stored = newest ? `; no data since ${formatTime(newest, zone, now)}` : ''
  return items.every((f) => f.state === 'gone')
    ? { bold: 'Azure no longer lists any factory', rest: `, but their history stays${stored}` }
    : items.every(isImported)
      ? { bold: 'Only imported runs are here', rest: '' }
      : { bold: 'Collecting is off', rest: stored }
}

/** How much is done, in whole percent, cut: all of it only when nothing is left. */
export function formatDone(share: number): string {
  return `${Math.floor(share * 100)}\u00a0%`
}

/** How often Azure is asked, and where history begins. */
export function subOf(
  { items, pollSeconds }: Pick<FactoryList, 'items' | 'pollSeconds'>,
  zone: Zone,
  now: number,
): string {
  const asked =
    pollSeconds === null || !items.some(isWatched)
      ? ''
      : `Asked every ${formatDuration(pollSeconds * 1_000)}. `
  return `${asked}${historyWords(items, zone, now)}`
}

function historyWords(items: Factory[], zone: Zone, now: number): string {
  const starts = items.flatMap((f) => toMillis(f.coverage.from) ?? [])
  if (starts.length === 0) return importedWords(items, zone, now)
  const dates = [Math.min(...starts), Math.max(...starts)].map((at) => formatDate(at, zone, now))
  const start = dates[0] === dates[1] ? `${dates[0]}` : `each factory's start of coverage`
  const holed = items.filter((f) => f.coverage.gaps.length > 0).length
  const unread = items.filter((f) => f.coverage.from === null && !isImported(f)).length
  const lacks = [
    holed > 0 ? `has gaps in ${factoriesWords(holed)}` : '',
    unread > 0 ? `none of ${factoriesWords(unread)} is here` : '',
  ].filter(Boolean)
  // What is not kept up to date lacks the newest at least.
  const isKept = items.every((f) => f.state === 'gone' || (isWatched(f) && !isStale(f)))
  const back = `History goes back to ${dates[0]}`
  const whole =
    lacks.length > 0
      ? `${back}, and ${lacks.join(', and ')}`
      : isKept
        ? `All history since ${start} is here`
        : back
  return `${whole}; Azure itself keeps 45 days.`
}

/** What is here where nothing was ever read: imported runs, or nothing. */
function importedWords(items: Factory[], zone: Zone, now: number): string {
  const files = items.filter(isImported)
  const runs = files.reduce((sum, f) => sum + (f.runs ?? 0), 0)
  if (runs === 0) return 'No history is here yet; Azure itself keeps 45 days.'
  const [first] = files.flatMap((f) => toMillis(f.firstRunStart) ?? []).sort((a, b) => a - b)
  const since = first === undefined ? '' : ` since ${formatDate(first, zone, now)}`
  return `${formatCounted(runs, 'imported run')}${since}; whether others are missing is not known.`
}

function factoriesWords(count: number): string {
  return count === 1 ? 'one factory' : `${formatCount(count)} factories`
}
