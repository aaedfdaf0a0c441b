import type { Chart } from './gantt'

/** Where a run's time went. The parts add up to the whole: at each moment the first of them that is going on counts. */
export interface Spent {
  work: number
  queue: number
  retry: number
  between: number
}

type Kind = 'work' | 'queue' | 'retry'

interface Span {
  kind: Kind
  from: number
  to: number
}

const containers = /^(foreach|until|ifcondition|switch|executepipeline)$/i

/** Milliseconds by kind. A container's time is what goes on inside it, but a child run's work is elsewhere: it counts as work. */
export function spentOf(chart: Chart): Spent {
  const spans: Span[] = chart.lines.flatMap((line) => {
    if (containers.test(line.type ?? '') && !/^executepipeline$/i.test(line.type ?? '')) return []
    return line.attempts.flatMap((attempt, index): Span[] => {
      const before = line.folded.length === 0 ? line.attempts[index - 1] : undefined
      const working = attempt.start + attempt.queue
      return [
        { kind: 'queue', from: attempt.start, to: working },
        { kind: 'work', from: working, to: attempt.end },
        ...(before ? [{ kind: 'retry' as const, from: before.end, to: attempt.start }] : []),
      ]
    })
  })
  const spent: Spent = { work: 0, queue: 0, retry: 0, between: 0 }
  const edges = new Set([chart.start, chart.end])
  for (const { from, to } of spans) edges.add(from).add(to)
  const moments = [...edges].sort((a, b) => a - b)
  moments.slice(1).forEach((to, index) => {
    const from = moments[index] ?? to
    const here = (kind: Kind) => spans.some((s) => s.kind === kind && s.from <= from && s.to >= to)
    spent[here('work') ? 'work' : here('queue') ? 'queue' : here('retry') ? 'retry' : 'between'] +=
      to - from
  })
  return spent
}
