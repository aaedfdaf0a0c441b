import { describe, expect, it } from 'vitest'
import type { ActivityRun } from '../../api/types'
import { sampleCause, sampleRunDetail } from '../../testing/samples'
import { activityTypeWords, errorOf, failureTypeWords, queueMillis } from './activity'
import { chartOf, lineMillis, tickLabel, ticksOf } from './gantt'
import { howOf } from './sentence'
import { spentOf } from './spent'

const base = Date.parse('2026-11-24T02:00:00Z')
const at = (seconds: number) => new Date(base + seconds * 1000).toISOString()

function activity(
  name: string,
  from: number,
  to: number | null,
  more: Partial<ActivityRun> = {},
): ActivityRun {
  return {
    activityName: name,
    activityType: 'Copy',
    activityRunId: `${name}-${from}-${more.iterationHash ?? ''}`,
    pipelineName: 'pl',
    pipelineRunId: 'r',
    status: to === null ? 'InProgress' : 'Succeeded',
    activityRunStart: at(from),
    activityRunEnd: to === null ? null : at(to),
    durationInMs: to === null ? null : (to - from) * 1000,
    durationComputed: null,
    input: null,
    output: null,
    error: { errorCode: '', message: '', failureType: '', target: name, details: '' },
    cause: null,
    linkedServiceName: '',
    retryAttempt: null,
    iterationHash: '',
    userProperties: {},
    recoveryStatus: 'None',
    integrationRuntimeNames: null,
    executionDetails: null,
    id: null,
    odd: [],
    ...more,
  }
}

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

describe('the chart', () => {
  it('puts the tries of one activity into one line', () => {
    const failed = { status: 'Failed' }
    const chart = chartOf(
      [activity('cp', 0, 10, failed), activity('cp', 15, 30)],
      base,
      base + 30_000,
      base,
    )
    expect(chart.lines).toHaveLength(1)
    expect(chart.lines[0]).toMatchObject({
      status: 'Succeeded',
      attempts: [{ tone: 'bad' }, { tone: 'ok' }],
    })
    expect(chart.lines[0] && lineMillis(chart.lines[0])).toBe(30_000)
  })

  it('stands the items of a loop under it, failed ones apart and good ones folded', () => {
    const loop = activity('each', 0, 60, { activityType: 'ForEach' })
    const items = Array.from({ length: 6 }, (_, i) =>
      activity('cp', 1 + i, 20 + i, {
        iterationHash: `h${i}`,
        ...(i === 3 ? { status: 'Failed' } : {}),
      }),
    )
    const after = activity('notify', 61, 62)
    const chart = chartOf([loop, ...items, after], base, null, base)
    expect(
      chart.lines.map((line) => [line.name, line.depth, line.status, line.folded.length]),
    ).toEqual([
      ['each', 0, 'Succeeded', 0],
      ['cp', 1, 'Failed', 0],
      ['cp', 1, 'Succeeded', 5],
      ['notify', 0, 'Succeeded', 0],
    ])
  })

  it('does not claim a parent that it can not know', () => {
    const branch = activity('if', 0, 60, { activityType: 'IfCondition' })
    const chart = chartOf([branch, activity('cp', 5, 10)], base, null, base)
    expect(chart.lines.map((line) => line.depth)).toEqual([0, 0])
  })

  it('lets what runs reach to now and keeps what has not started', () => {
    const skipped = activity('never', 0, 0, {
      status: 'Skipped',
      activityRunStart: null,
      activityRunEnd: null,
    })
    const chart = chartOf([activity('cp', 5, null), skipped], base, null, base + 65_000)
    expect(chart.end).toBe(base + 65_000)
    expect(chart.lines[1]?.attempts).toEqual([])
    expect(chart.lines[1] && lineMillis(chart.lines[1])).toBeNull()
  })

  it('has a handful of whole ticks for any length', () => {
    for (const length of [1, 700, 5_000, 458_000, 3_600_000, 86_400_000, 40 * 86_400_000]) {
      expect(ticksOf(length).length).toBeLessThanOrEqual(7)
    }
    expect(ticksOf(458_000)).toEqual([120_000, 240_000, 360_000])
    const labels = ticksOf(1_400).map((tick) => plain(tickLabel(tick, 1_400)))
    expect(labels).toEqual(['200 ms', '400 ms', '600 ms', '800 ms', '1 s', '1.2 s'])
    expect(plain(tickLabel(120_000, 458_000))).toBe('2 m')
  })
})

describe('where the time went', () => {
  it('adds up to the whole, and work goes before waiting', () => {
    const failed = { status: 'Failed', output: { durationInQueue: { integrationRuntimeQueue: 2 } } }
    const chart = chartOf(
      [activity('cp', 5, 15, failed), activity('cp', 25, 35), activity('other', 26, 40)],
      base,
      base + 50_000,
      base,
    )
    expect(spentOf(chart)).toEqual({ work: 23_000, queue: 2_000, retry: 10_000, between: 15_000 })
  })
})

describe('what an activity says', () => {
  it('takes the empty error of a success for none', () => {
    expect(errorOf(activity('cp', 0, 1))).toBeNull()
    expect(errorOf(activity('cp', 0, 1, { error: '@{errorCode=}' }))).toBeNull()
    const error = {
      errorCode: '2200',
      message: 'no route',
      failureType: 'UserError',
      target: 'cp',
      details: [],
    }
    expect(errorOf(activity('cp', 0, 1, { error }))).toEqual({
      message: 'no route',
      code: '2200',
      type: 'UserError',
    })
  })

  it('reads the wait for a runtime from the output', () => {
    expect(queueMillis({ output: { durationInQueue: { integrationRuntimeQueue: 5 } } })).toBe(5000)
    expect(queueMillis({ output: '' })).toBe(0)
  })

  it('writes types and kinds of failure as words', () => {
    expect(failureTypeWords('UserError')).toBe('User error')
    expect(activityTypeWords('ExecutePipeline')).toBe('Execute pipeline')
    expect(activityTypeWords('ForEach')).toBe('ForEach')
    expect(activityTypeWords('DataLakeAnalyticsU-SQL')).toBe('Data lake analytics u-sql')
  })
})

describe('the sentence', () => {
  it('says how long and where', () => {
    const cause = sampleCause({ activity: 'For each store' })
    const failed = sampleRunDetail({ status: 'Failed', cause, durationInMs: 458_376 })
    expect(plain(howOf(failed, base))).toBe('After 7 m 38 s at For each store.')
    const running = sampleRunDetail({
      status: 'InProgress',
      runStart: at(0),
      durationInMs: null,
      message: '',
    })
    expect(plain(howOf(running, base + 240_000))).toBe('For 4 m 00 s so far.')
    const odd = sampleRunDetail({
      status: 'Cancelled',
      durationInMs: null,
      runStart: null,
      message: '',
    })
    expect(howOf(odd, base)).toBe('')
  })
})
