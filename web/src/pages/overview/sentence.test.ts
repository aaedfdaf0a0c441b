import { describe, expect, it } from 'vitest'
import { sampleNow, sampleOverview, sampleProblems } from '../../testing/samples'
import { answerOf, beforeOf, figuresOf, whenOf } from './sentence'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

describe('the answer', () => {
  it('counts the pipelines that need attention and says how long the oldest has', () => {
    const problems = sampleProblems({ pipelines: 2, oldest: '2026-11-24T01:12:04Z' })
    const answer = answerOf(sampleOverview({ problems }), true, sampleNow)
    expect(answer.bold).toBe('2 pipelines need attention')
    expect(plain(answer.rest)).toBe(', the oldest for 1 h 02 m')
  })

  it('speaks of the past when nothing is fresh', () => {
    const problems = sampleProblems({ pipelines: 1, oldest: '2026-11-24T02:00:07Z' })
    const answer = answerOf(sampleOverview({ problems }), false, sampleNow)
    expect(answer.bold).toBe('1 pipeline needed attention')
    expect(plain(answer.rest)).toBe(', for 14 m')
  })

  it('does not hide what is not redone', () => {
    const problems = sampleProblems({ notRedone: 12 })
    const answer = answerOf(sampleOverview({ problems }), true, sampleNow)
    expect(answer).toEqual({ bold: 'Nothing is failing now', rest: ' · 12 runs not redone' })
  })

  it('claims nothing while recoveries are being derived', () => {
    const problems = sampleProblems({ pipelines: null, series: null, runs: null, notRedone: null })
    const answer = answerOf(sampleOverview({ problems }), true, sampleNow)
    expect(answer).toEqual({ bold: 'Recovery is being derived', rest: '' })
  })

  it('never says that all is well before anything was read', () => {
    const coverage = { from: null, complete: false, filling: 0, doneShare: null, runs: 0 }
    expect(answerOf(sampleOverview({ asOf: null, coverage }), true, sampleNow).bold).toBe(
      'Nothing is known yet',
    )
  })
})

describe('the figures', () => {
  it('are those of the range, compared with the time before', () => {
    const overview = sampleOverview({
      counts: { Succeeded: 1179, Failed: 10, Cancelled: 3, InProgress: 12, Paused: 1 },
      recovery: { notRedone: 2, recovered: 4, reason: null },
      successRate: { value: 0.992, reason: null },
      previous: {
        from: '2026-11-22T02:14:07Z',
        to: '2026-11-23T02:14:07Z',
        counts: {},
        successRate: { value: 0.994, reason: null },
      },
    })
    expect(plain(figuresOf(overview, 'in the last 24 h', 'the 24 h before'))).toMatch(
      /^1,205 runs in the last 24 h: 1,179 succeeded, 12 in progress, 10 failed \(2 not redone, 4 recovered\), 3 cancelled, 1 Paused\. 99\.2 % good, the 24 h before 99\.4 %\.$/,
    )
  })

  it('say nothing of a share that is not known', () => {
    const overview = sampleOverview({
      counts: { InProgress: 1 },
      successRate: { value: null, reason: 'none ended' },
    })
    expect(figuresOf(overview, 'since 18:00', '')).toBe('1 run since 18:00: 1 in progress.')
    expect(figuresOf(sampleOverview({ counts: {} }), 'since 18:00', '')).toBe(
      'No runs since 18:00.',
    )
  })
})

it('puts a range into a sentence', () => {
  expect(['Last 24 h', 'Since 18:00', 'All history', '18:00 – 19:00'].map(whenOf)).toEqual([
    'in the last 24 h',
    'since 18:00',
    'in all history',
    'in 18:00 – 19:00',
  ])
  expect(beforeOf('Last 24 h')).toBe('the 24 h before')
  expect(beforeOf('18:00 – 19:00')).toBe('the same time before')
})
