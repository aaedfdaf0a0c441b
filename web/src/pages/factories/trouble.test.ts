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

  it('have the causes that the server found, each with the factories it concerns', () => {
    const source = sampleSource({ state: 'error', what: secret.what })
    const list = sampleFactories(
      [late('a', secret), late('b', null), late('c', { ...secret, what: 'no answer' })],
      [source],
    )
    const [trouble] = troublesOf(list)
    expect(trouble?.late.map((f) => f.name)).toEqual(['a', 'b', 'c'])
    expect(trouble?.causes.map((c) => [c.what, c.factories.map((f) => f.name)])).toEqual([
      [secret.what, ['a', 'b']],
      ['no answer', ['c']],
    ])
  })

  it('are not said to be held back as well', () => {
    const source = sampleSource({ pace: 'the 400 factories can be asked every 1m4s only' })
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
