import { describe, expect, it } from 'vitest'
import { isTerminal, statusOf, statusWord, toneOf } from './status'

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

  it('is quiet once a failure is healed, and only then', () => {
    expect([toneOf('Failed', true), statusWord('Failed', true)]).toEqual([
      'healed',
      'Failed, healed',
    ])
    expect(toneOf('Succeeded', true)).toBe('ok')
  })
})
