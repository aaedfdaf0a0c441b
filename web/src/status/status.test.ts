import { describe, expect, it } from 'vitest'
import { isFailure, isTerminal, outcomeOf, statusOf, statusWord, toneOf } from './status'

describe('a status', () => {
  it.each([
    ['Succeeded', 'ok', 'Succeeded', true],
    ['Failed', 'bad', 'Failed', true],
    ['InProgress', 'run', 'In progress', false],
    ['Queued', 'queue', 'Queued', false],
    ['Canceling', 'off', 'Canceling', false],
    ['Cancelled', 'off', 'Cancelled', true],
    ['Paused', 'unknown', 'Paused', false],
    ['', 'unknown', 'No status', false],
    ['constructor', 'unknown', 'constructor', false],
  ])('%s has its tone and its word', (status, tone, word, terminal) => {
    expect([toneOf(status), statusWord(status), isTerminal(status)]).toEqual([tone, word, terminal])
  })

  it('is an unknown end once Azure has forgotten the run', () => {
    const forgotten = statusOf({ status: 'InProgress', endUnknown: 'Azure does not know it.' })
    expect([toneOf(forgotten), statusWord(forgotten), isTerminal(forgotten)]).toEqual([
      'unknown',
      'Unknown end',
      true,
    ])
    expect(statusOf({ status: 'InProgress', endUnknown: null })).toBe('InProgress')
  })

  it.each([
    ['open', 'bad', 'Failed, open'],
    ['notRedone', 'notRedone', 'Failed, not redone'],
    ['recovered', 'recovered', 'Failed, recovered'],
    ['underived', 'underived', 'Failed, recovery is being derived'],
  ] as const)('of a failed run that is %s has its own tone and word', (outcome, tone, word) => {
    expect([toneOf('Failed', outcome), statusWord('Failed', outcome)]).toEqual([tone, word])
    expect(isFailure(tone)).toBe(true)
    expect([toneOf('Succeeded', outcome), statusWord('Succeeded', outcome)]).toEqual([
      'ok',
      'Succeeded',
    ])
  })
})

describe('the outcome of a run', () => {
  it.each([
    ['is its state in a row', { status: 'Failed', recovery: { state: 'notRedone' } }, 'notRedone'],
    ['is its state in a strip', { status: 'Failed', recovery: 'recovered' }, 'recovered'],
    ['claims nothing while it is derived', { status: 'Failed', recovery: null }, 'underived'],
    ['claims nothing for a later state', { status: 'Failed', recovery: 'parked' }, 'underived'],
    ['is none without a failure', { status: 'Cancelled', recovery: null }, null],
  ] as const)('%s', (_what, run, outcome) => {
    expect(outcomeOf(run)).toBe(outcome)
  })
})
