import type { ActivityRun } from '../../api/types'
import { type Tone, toneOf } from '../../status/status'
import { formatDuration } from '../../time/format'
import { toMillis } from '../../time/instant'
import { queueMillis } from './activity'

/** One try of an activity; Azure sends each retry as a row of its own. */
export interface Attempt {
  activity: ActivityRun
  tone: Tone
  /** Milliseconds since 1970. A try that has not ended ends now. */
  start: number
  end: number
  /** Of that, at its beginning, the wait for an integration runtime. */
  queue: number
}

/** One line of the chart: the tries of one activity in one iteration. */
export interface Line {
  id: string
  name: string
  type: string | null
  status: string
  attempts: Attempt[]
  /** Inside a loop. */
  depth: 0 | 1
  /** The good items of a loop's activity, folded into this line. */
  folded: Line[]
}

export interface Chart {
  lines: Line[]
  start: number
  end: number
}

// Below this many good items of a loop's activity, each keeps its line.
const foldFrom = 4

/**
 * Lays out a run's activities in order of start. Azure names no parent, so an activity counts as inside a loop when it
 * has an iteration and a ForEach or Until of the same run spans it; anything else stands at the left.
 */
export function chartOf(
  activities: readonly ActivityRun[],
  runStart: number | null,
  runEnd: number | null,
  now: number,
): Chart {
  const lines = linesOf(activities, now)
  const loops = lines.filter((line) => /^(foreach|until)$/i.test(line.type ?? ''))
  const ordered: Line[] = []
  const inside = new Map<Line, Line[]>()
  for (const line of lines) {
    const loop = loops.find((candidate) => isInside(line, candidate))
    if (!loop) ordered.push(line)
    else inside.set(loop, [...(inside.get(loop) ?? []), { ...line, depth: 1 }])
  }
  const all = ordered.flatMap((line) => [line, ...foldGood(inside.get(line) ?? [])])
  const times = lines.flatMap((line) => line.attempts)
  const start = Math.min(runStart ?? Infinity, ...times.map((attempt) => attempt.start))
  const end = Math.max(runEnd ?? -Infinity, ...times.map((attempt) => attempt.end))
  return { lines: all, start, end: Math.max(end, start + 1) }
}

function linesOf(activities: readonly ActivityRun[], now: number): Line[] {
  const groups = new Map<string, Line>()
  for (const activity of activities) {
    const hash = activity.iterationHash || ''
    const key = `${activity.activityName}\n${hash}`
    const attempt = attemptOf(activity, now)
    const line = groups.get(key)
    // The same activity in the same iteration can only run again after it has ended: else it is another one.
    const last = line?.attempts.at(-1)
    if (line && attempt && last && attempt.start >= last.end - 1) {
      line.attempts.push(attempt)
      line.status = activity.status ?? ''
      continue
    }
    groups.set(line ? `${key}\n${activity.activityRunId}` : key, {
      id: activity.activityRunId ?? key,
      name: activity.activityName ?? '',
      type: activity.activityType,
      status: activity.status ?? '',
      attempts: attempt ? [attempt] : [],
      depth: 0,
      folded: [],
    })
  }
  return [...groups.values()]
}

function attemptOf(activity: ActivityRun, now: number): Attempt | null {
  const start = toMillis(activity.activityRunStart)
  if (start === null) return null
  const ended = toMillis(activity.activityRunEnd)
  const lasted = activity.durationInMs === null ? null : start + activity.durationInMs
  const end = Math.max(start, ended ?? lasted ?? now)
  return {
    activity,
    tone: toneOf(activity.status ?? ''),
    start,
    end,
    queue: Math.min(queueMillis(activity), end - start),
  }
}

function isInside(line: Line, loop: Line): boolean {
  const first = line.attempts[0]
  const last = line.attempts.at(-1)
  const span = loop.attempts[0]
  if (line === loop || !first?.activity.iterationHash || !last || !span) return false
  return first.start >= span.start && last.end <= span.end + 1
}

/** Failed and running items first to be seen, the good ones of each activity in one line. */
function foldGood(lines: Line[]): Line[] {
  const good = new Map<string, Line[]>()
  for (const line of lines) {
    if (toneOf(line.status) !== 'ok' || line.attempts.length > 1) continue
    good.set(line.name, [...(good.get(line.name) ?? []), line])
  }
  const folded: Line[] = []
  const hidden = new Set<Line>()
  for (const [name, items] of good) {
    if (items.length < foldFrom) continue
    for (const item of items) hidden.add(item)
    folded.push({
      id: `folded ${name} ${items[0]?.id}`,
      name,
      type: items[0]?.type ?? null,
      status: 'Succeeded',
      attempts: items.flatMap((item) => item.attempts),
      depth: 1,
      folded: items,
    })
  }
  return [...lines.filter((line) => !hidden.has(line)), ...folded]
}

/** From the first try's start to the last one's end; null when nothing has started. */
export function lineMillis(line: Line): number | null {
  const first = line.attempts[0]
  // Azure gives what was skipped a start and a length of nothing; it did not run.
  if (!first || /^(skipped|inactive)$/i.test(line.status)) return null
  return Math.max(...line.attempts.map((attempt) => attempt.end)) - first.start
}

const second = 1000
const steps = [1, 2, 5, 10, 15, 30].map((n) => n * second)
const minuteSteps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].map(
  (n) => n * 60 * second,
)

/** A step's place on the axis: below ten seconds with tenths, so that two steps never read the same. */
export function tickLabel(at: number, length: number): string {
  if (length < 10 * second && at >= second) return `${at / second}\u00a0s`
  return formatDuration(at).replace(/\u00a000\u00a0\w+$/, '')
}

/** Whole steps of time since the start, about six of them. */
export function ticksOf(length: number): number[] {
  const step = [100, 200, 500, ...steps, ...minuteSteps].find((s) => length / s <= 7) ?? length
  const ticks: number[] = []
  for (let at = step; at < length * 0.97; at += step) ticks.push(at)
  return ticks
}
