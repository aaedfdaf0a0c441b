import { describe, expect, it } from 'vitest'
import type { Factory } from '../../api/types'
import { sampleFactories, sampleFactory, sampleSource } from '../../testing/samples'
import { asHeading, asSentence, endingSoon, heldBack, troublesOf } from './trouble'

const secret = {
  kind: 'badSecret',
  what: 'the client secret has expired',
  where: 'token, source halden',
  advice: 'make a new one',
  command: 'az ad app credential reset',
  at: '2026-11-24T02:13:00Z',
  retryAt: '2026-11-24T02:15:00Z',
}

function late(name: string, lastError: Factory['lastError']): Factory {
  return sampleFactory({ factory: name, name, state: 'stale', lastError })
}

describe('the sources in trouble', () => {
  it('are none while all is well, gone or not collected', () => {
    const items = [sampleFactory(), sampleFactory({ state: 'gone' })]
    expect(troublesOf(sampleFactories(items))).toEqual([])
  })

  it('has one cause where source and factories say the same', () => {
    const source = sampleSource({
      state: 'error',
      what: secret.what,
      advice: secret.advice,
      command: secret.command,
    })
    const list = sampleFactories([late('a', secret), late('b', null)], [source])
    const [trouble] = troublesOf(list)
    expect(trouble?.causes).toHaveLength(1)
    expect(trouble?.causes[0]).toMatchObject({
      what: secret.what,
      where: secret.where,
      retryAt: secret.retryAt,
    })
    expect(trouble?.causes[0]?.factories.map((f) => f.name)).toEqual(['a', 'b'])
  })

  it('has a cause for each command, because each mends only its own', () => {
    const forbidden = { ...secret, what: 'the identity may not read', command: 'az role a' }
    const list = sampleFactories([
      late('a', forbidden),
      late('b', { ...forbidden, command: 'az role b' }),
      late('c', forbidden),
    ])
    const [trouble] = troublesOf(list)
    expect(trouble?.causes.map((c) => c.factories.map((f) => f.name))).toEqual([['a', 'c'], ['b']])
  })

  it('says where nobody asks any more, as for a source that is configured no longer', () => {
    const source = sampleSource({ state: 'not collected' })
    const [trouble] = troublesOf(sampleFactories([late('a', null)], [source]))
    expect(trouble?.causes.map((c) => c.what)).toEqual([
      'this server does not ask Azure by this source',
    ])
  })

  it('says that polls are late where nobody says more', () => {
    const [trouble] = troublesOf(sampleFactories([late('a', null), late('b', null)]))
    expect(trouble?.causes.map((c) => c.what)).toEqual(['Azure was not asked in time'])
    expect(trouble?.causes[0]?.factories).toHaveLength(2)
  })

  it('says that the budget is too small where it makes polls late', () => {
    const pace = 'the 400 factories can be asked every 1m4s only'
    const source = sampleSource({ pace, paceAdvice: 'set poll to 1m4s' })
    const [trouble] = troublesOf(sampleFactories([late('a', null), late('b', null)], [source]))
    expect(trouble?.causes.map((c) => [c.what, c.advice, c.factories.length])).toEqual([
      [pace, 'set poll to 1m4s', 2],
    ])
    expect(heldBack(sampleFactories([late('a', null)], [source]))).toEqual([])
    expect(heldBack(sampleFactories([sampleFactory()], [source]))).toEqual([source])
    expect(heldBack(sampleFactories())).toEqual([])
  })

  it('leaves out factories of other sources', () => {
    const other = { ...late('a', secret), source: 'lindqvist' }
    expect(troublesOf(sampleFactories([other]))).toEqual([])
  })
})

describe('credentials that end soon', () => {
  it('are those with advice, of sources that work, the first to end first', () => {
    const ends = (source: string, at: string, advice: string | null = 'renew it') =>
      sampleSource({ source, credentialExpires: at, expiryAdvice: advice })
    const sources = [
      ends('b', '2026-12-20T00:00:00Z'),
      ends('a', '2026-12-02T00:00:00Z'),
      ends('far', '2027-12-02T00:00:00Z', null),
      { ...ends('broken', '2026-12-01T00:00:00Z'), state: 'error' as const },
    ]
    expect(endingSoon(sources).map((s) => s.source)).toEqual(['a', 'b'])
  })
})

describe('half sentences', () => {
  it('become whole ones and headings', () => {
    expect(asSentence('it is gone')).toBe('It is gone.')
    expect(asSentence('Is it?')).toBe('Is it?')
    expect(asSentence('  ')).toBe('')
    expect(asHeading('it is gone.')).toBe('It is gone')
  })
})
