import { describe, expect, it } from 'vitest'
import type { Factory } from '../../api/types'
import { sampleFactories, sampleFactory, sampleNow, sampleSource } from '../../testing/samples'
import { answerOf, subOf } from './sentence'

const error: Factory['lastError'] = {
  kind: 'badSecret',
  what: 'the client secret has expired',
  where: 'token',
  advice: 'make a new one',
  command: null,
  at: '2026-11-24T02:13:00Z',
  retryAt: null,
}

function stale(fields: Partial<Factory> = {}): Factory {
  return sampleFactory({
    state: 'stale',
    asOf: '2026-11-24T01:49:41Z',
    lastError: error,
    ...fields,
  })
}

const filling = sampleFactory({
  state: 'filling',
  coverage: { ...sampleFactory().coverage, complete: false, doneShare: 0.638 },
  fill: {
    reason: null,
    recordsRead: 100,
    recordsLeft: 50,
    requestsLeft: 3,
    secondsLeft: 750,
    costLeftUsd: 0.01,
    ceiling: null,
  },
})

const imported = sampleFactory({
  state: 'not collected',
  source: null,
  asOf: null,
  runs: 85,
  firstRunStart: '2025-01-03T00:00:00Z',
  coverage: { ...sampleFactory().coverage, from: null, to: null, complete: false },
})

function said(items: Factory[], sources = [sampleSource()]): string {
  const { bold, rest } = answerOf(sampleFactories(items, sources), 'UTC', sampleNow)
  return `${bold}${rest}`.replaceAll('\u00a0', ' ')
}

describe('the answer', () => {
  const fresh = sampleFactory()
  it.each([
    [[fresh, fresh], 'All 2 factories are fresh'],
    [[fresh], 'The only factory is fresh'],
    [
      [fresh, fresh, stale()],
      '2 of 3 factories are fresh, 1 not updating since 01:49:41: the client secret has expired',
    ],
    [
      [stale(), stale({ asOf: '2026-11-24T01:40:00Z', state: 'refused' })],
      'None of 2 factories is fresh, 2 not updating since 01:40:00: the client secret has expired',
    ],
    [
      [
        stale(),
        stale({ factory: 'b', lastError: { ...error, what: 'the identity may not read' } }),
        fresh,
      ],
      '1 of 3 factories is fresh, 2 not updating since 01:49:41, for 2 different reasons',
    ],
    [
      [stale({ asOf: null, neverRead: true })],
      'The only factory is not fresh, it was never read: the client secret has expired',
    ],
    [[filling, filling], 'The history of 2 factories is being read: 63 %, about 12 m left'],
    [[filling, fresh], '1 of 2 factories is fresh, 1 is being read: 63 %, about 12 m left'],
    [[filling, { ...filling, fill: null }], 'The history of 2 factories is being read: 63 %'],
    [[sampleFactory({ state: 'not collected' })], 'Collecting is off; no data since 02:14:03'],
    [
      [sampleFactory({ state: 'gone', asOf: null })],
      'Azure no longer lists any factory, but their history stays',
    ],
    [
      [
        fresh,
        stale({ asOf: null, neverRead: true, factory: 'b' }),
        stale({ asOf: null, neverRead: true, factory: 'c' }),
        stale(),
      ],
      '1 of 4 factories is fresh, 2 were never read, 1 not updating since 01:49:41: the client secret has expired',
    ],
    [[imported], 'Only imported runs are here'],
    [[fresh, sampleFactory({ state: 'gone' })], 'The only factory is fresh'],
    [[], 'No factory is known'],
  ])('%# says %s', (items, sentence) => {
    expect(said(items)).toBe(sentence)
  })

  it('says why there is no factory', () => {
    const source = sampleSource({ state: 'error', what: 'nobody is logged in' })
    expect(said([], [source])).toBe('No factory is known: nobody is logged in')
  })
})

describe('the line below', () => {
  const gap = { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z', reason: 'it is gone' }
  const later = sampleFactory()
  later.coverage.from = '2026-11-01T00:00:00Z'
  const holed = sampleFactory()
  holed.coverage.gaps = [gap]
  const empty = sampleFactory()
  empty.coverage.from = null

  it.each([
    [
      [sampleFactory()],
      30,
      'Asked every 30 s. All history since 3 Oct is here; Azure itself keeps 45 days.',
    ],
    [
      [sampleFactory(), later],
      null,
      "All history since each factory's start of coverage is here; Azure itself keeps 45 days.",
    ],
    [
      [sampleFactory(), holed],
      null,
      'History goes back to 3 Oct, and has gaps in one factory; Azure itself keeps 45 days.',
    ],
    [
      [sampleFactory(), empty],
      null,
      'History goes back to 3 Oct, and none of one factory is here; Azure itself keeps 45 days.',
    ],
    [
      [holed, empty, empty],
      null,
      'History goes back to 3 Oct, and has gaps in one factory, and none of 2 factories is here; Azure itself keeps 45 days.',
    ],
    [
      [{ ...holed, state: 'not collected' as const }],
      null,
      'History goes back to 3 Oct, and has gaps in one factory; Azure itself keeps 45 days.',
    ],
    [
      [imported],
      null,
      '85 imported runs since 3 Jan 2025; whether others are missing is not known.',
    ],
    [[empty], 90, 'Asked every 1 m 30 s. No history is here yet; Azure itself keeps 45 days.'],
    [
      [sampleFactory({ state: 'not collected' })],
      30,
      'History goes back to 3 Oct; Azure itself keeps 45 days.',
    ],
    [[sampleFactory(), stale()], null, 'History goes back to 3 Oct; Azure itself keeps 45 days.'],
  ])('%# says how often Azure is asked and where history begins', (items, pollSeconds, words) => {
    const said = subOf({ items, pollSeconds }, 'UTC', sampleNow).replaceAll('\u00a0', ' ')
    expect(said).toBe(words)
  })
})
