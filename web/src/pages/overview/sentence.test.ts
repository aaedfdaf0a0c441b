import { describe, expect, it } from 'vitest'
import type { Basis, Overview } from '../../api/types'
import {
  sampleBasis,
  sampleLimits,
  sampleNamed,
  sampleNow,
  sampleOverview,
  sampleProblem,
  sampleProblems,
} from '../../testing/samples'
import { answerOf, beforeOf, type Figures, figuresOf, whenOf } from './sentence'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')
const whole = sampleBasis({ nothingRan: false })

/** What is known of failures, and whether runs of the range are known. */
type Counts = Partial<Overview['problems']> & { ran?: boolean }
const none: Counts = {}
const unproven: Counts = { pipelines: null, notRedone: null }
const nothing: Counts = { ...unproven, ran: false }
const one: Counts = { pipelines: 1, oldest: '2026-11-24T01:12:04Z' }
const derived = 'The recovery of 4 failed runs is being derived.'
const deriving: Counts = { ...unproven, reason: derived }
const listed = {
  ...deriving,
  oldest: one.oldest ?? null,
  items: [sampleProblem(), sampleProblem()],
}
const some = (pipelines: number) => ({ older: { ...sampleProblems().older, pipelines } })

/** Factories of which only `upToDate` can answer. */
function factories(fields: Partial<Basis['factories']>): Basis['factories'] {
  return { ...whole.factories, upToDate: 0, ...fields }
}

const oneOfFive = sampleBasis({
  ...sampleLimits({
    kind: 'neverRead',
    reason: '1 of 5 factories can be read',
    count: 4,
    factories: sampleNamed('finance-prod', 'dw-prod', 'supply-prod', 'hr-prod'),
  }),
  factories: factories({ asked: 5, upToDate: 1, neverRead: 4 }),
  nothingRan: false,
})
const noRole = sampleBasis({
  ...sampleLimits({ kind: 'noFactory', reason: 'No factory can be read' }),
  covered: 'no',
  factories: factories({ asked: 0 }),
})
const filling = sampleBasis({
  ...sampleLimits({ kind: 'filling', reason: 'History is still being read' }),
  covered: 'yes',
  factories: factories({ filling: 1 }),
  nothingRan: false,
})
const imported = sampleBasis({
  ...sampleLimits({
    kind: 'imported',
    reason: 'Only imported runs are here',
    factories: sampleNamed('old-prod'),
  }),
  covered: 'no',
  factories: factories({ imported: 1 }),
})
const off = sampleBasis({
  ...sampleLimits({ kind: 'off', reason: 'Collecting is off', since: '2026-11-24T01:49:41Z' }),
  factories: factories({ off: 1 }),
  nothingRan: false,
})
const older = sampleBasis({
  ...sampleLimits({
    kind: 'beforeHistory',
    reason: 'This time range is older than the history here',
    since: '2026-10-10T00:00:00Z',
  }),
  covered: 'no',
})
const stale = sampleBasis({
  ...sampleLimits({
    kind: 'stale',
    reason: '1 of 2 factories is up to date',
    factories: sampleNamed('sales-prod'),
    since: '2026-11-24T01:14:03Z',
  }),
  factories: factories({ asked: 2, upToDate: 1, stale: 1 }),
  nothingRan: false,
})
const allStale = sampleBasis({
  ...sampleLimits({ kind: 'stale', reason: 'No factory is up to date' }),
  factories: factories({ asked: 2, stale: 2 }),
  nothingRan: false,
})
const quiet = sampleBasis({
  factories: factories({ asked: 6, upToDate: 6 }),
  nothingRan: true,
})

describe('the answer', () => {
  it.each<[string, Basis, Counts, string]>([
    ['all is covered and nothing failed', whole, none, 'All clear'],
    ['something is open', whole, one, '1 pipeline needs attention, for 1 h 02 m'],
    [
      'several are open',
      whole,
      { ...one, pipelines: 3 },
      '3 pipelines need attention, the oldest for 1 h 02 m',
    ],
    [
      'nothing is open, some was not redone',
      whole,
      { ...none, notRedone: 12 },
      'Nothing is failing now · 12 runs not redone',
    ],
    [
      'recoveries are being derived',
      whole,
      deriving,
      'The recovery of 4 failed runs is being derived',
    ],
    [
      'recoveries are being derived and a factory is stale',
      stale,
      deriving,
      '1 of 2 factories is up to date: the recovery of 4 failed runs is being derived',
    ],
    [
      'recoveries are being derived and open failures are known',
      stale,
      listed,
      '1 of 2 factories is up to date: at least 2 pipelines need attention, the oldest for at least 1 h 02 m',
    ],
    [
      'not every failure was looked at',
      whole,
      { reason: 'Only the newest 50000 failed runs are looked at.' },
      'No open failure is known',
    ],
    [
      'a pipeline failed long ago',
      whole,
      some(1),
      'Nothing new needs attention · older failures in 1 pipeline',
    ],
    [
      'some failed long ago, and a factory is stale',
      stale,
      { ...unproven, ...some(3) },
      '1 of 2 factories is up to date: nothing new is known to need attention · older failures in 3 pipelines',
    ],
    [
      'a pipeline fails and works again',
      whole,
      { flapping: 1, notRedone: 2 },
      'Nothing needs attention · 2 runs not redone · 1 pipeline fails and works again',
    ],
    ['no role at all', noRole, nothing, 'No factory can be read: nothing is known yet'],
    [
      'one of five, something open',
      oneOfFive,
      one,
      '1 of 5 factories can be read: 1 pipeline needs attention there, for 1 h 02 m',
    ],
    [
      'one of five, nothing open',
      oneOfFive,
      unproven,
      '1 of 5 factories can be read: no open failure is known there',
    ],
    [
      'one of five, some not redone',
      oneOfFive,
      { ...unproven, notRedone: 1 },
      '1 of 5 factories can be read: no open failure is known there · 1 run not redone',
    ],
    [
      'history still filling',
      filling,
      unproven,
      'History is still being read: no open failure is known so far',
    ],
    [
      'import only, nothing in the range',
      imported,
      nothing,
      'Only imported runs are here: no run is known in the last 24 h',
    ],
    [
      'import only, runs in the range',
      { ...imported, nothingRan: false },
      unproven,
      'Only imported runs are here: no open failure is known',
    ],
    ['collecting off', off, unproven, 'Collecting is off: no open failure is known'],
    [
      'collecting off, something open',
      off,
      one,
      'Collecting is off: 1 pipeline needed attention, for 1 h 02 m',
    ],
    [
      'a range older than coverage',
      older,
      nothing,
      'This time range is older than the history here: no run is known in the last 24 h',
    ],
    [
      'a range older than coverage, something open now',
      older,
      { ...one, ran: false },
      'This time range is older than the history here: 1 pipeline needs attention now, for 1 h 02 m',
    ],
    [
      'one factory stale for an hour',
      stale,
      unproven,
      '1 of 2 factories is up to date: no open failure is known',
    ],
    [
      'all stale, something open',
      allStale,
      one,
      'No factory is up to date: 1 pipeline needed attention, for 1 h 02 m',
    ],
    ['nothing ran for a day', quiet, none, 'Nothing ran in the last 24 h'],
    [
      'nothing ran, and something is open',
      quiet,
      one,
      'Nothing ran in the last 24 h, 1 pipeline needs attention, for 1 h 02 m',
    ],
    [
      'the range is to come',
      sampleBasis({
        ...sampleLimits({ kind: 'future', reason: 'This time range has not begun' }),
        covered: 'no',
      }),
      nothing,
      'This time range has not begun: nothing can have run',
    ],
  ])('%s', (_, basis, { ran = true, ...fields }, said) => {
    const counts = ran ? { Succeeded: 1 } : {}
    const overview = sampleOverview({ basis, counts, problems: sampleProblems(fields) })
    const { limit, bold, rest } = answerOf(overview, 'in the last 24 h', sampleNow)
    expect(plain(limit + bold + rest)).toBe(said)
    if (basis.reason !== null) expect(limit + bold + rest).not.toMatch(/All clear|Nothing ran/)
  })
})

function figures(fields: Partial<Figures>): string {
  const given = { when: 'in the last 24 h', before: 'the 24 h before', lastRun: '' }
  return plain(
    figuresOf({ overview: sampleOverview(), ...given, zone: 'UTC', now: sampleNow, ...fields }),
  )
}

describe('the figures', () => {
  it('are those of the range, compared with the time before', () => {
    const overview = sampleOverview({
      counts: { Succeeded: 1179, Failed: 10, Cancelled: 3, InProgress: 12, Paused: 1 },
      recovery: { notRedone: 2, recovered: 4, reason: null },
      successRate: { value: 1179 / 1189, succeeded: 1179, finished: 1189, reason: null },
      previous: {
        from: '2026-11-22T02:14:07Z',
        to: '2026-11-23T02:14:07Z',
        counts: {},
        successRate: { value: 0.994, succeeded: 994, finished: 1000, reason: null },
      },
    })
    expect(figures({ overview })).toBe(
      '1,205 runs in the last 24 h: 12 in progress, 10 failed (2 not redone, 4 recovered), 3 cancelled, 1 Paused. 1,179 of 1,189 finished runs succeeded (99.2 %), the 24 h before 99.4 %.',
    )
  })

  it('have no share that nothing proves, and say first what is not known', () => {
    const successRate = { value: null, succeeded: 218, finished: 219, reason: oneOfFive.reason }
    const overview = sampleOverview({
      basis: oneOfFive,
      counts: { Succeeded: 218, Failed: 1, InProgress: 3 },
      successRate,
    })
    expect(figures({ overview })).toBe(
      'Nothing is known about finance-prod, dw-prod, supply-prod and hr-prod. 222 known runs in the last 24 h: 3 in progress, 1 failed. 218 of 219 finished runs succeeded.',
    )
  })

  it.each<[string, Basis, string]>([
    ['no role at all', noRole, ''],
    ['import only', imported, 'What is known about old-prod was imported.'],
    ['a range older than coverage', older, 'History begins on 10 Oct.'],
    [
      'nothing ran',
      quiet,
      'All 6 factories are read and up to date, so no runs are missing here: Azure has none. The last run started Mon 23 Nov 01:58.',
    ],
    ['stale', stale, 'sales-prod: no data since 01:14:03. No run is known in the last 24 h.'],
    ['off', off, 'No data since 01:49:41. No run is known in the last 24 h.'],
  ])('count nothing where nothing is known: %s', (_, basis, said) => {
    const successRate = { value: null, succeeded: null, finished: null, reason: 'unknown' }
    const counts = basis.covered === 'no' ? null : {}
    const overview = sampleOverview({ basis, counts, successRate })
    expect(figures({ overview, lastRun: 'Mon 23 Nov 01:58' })).toBe(said)
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
