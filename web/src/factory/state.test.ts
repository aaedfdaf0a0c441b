import { describe, expect, it } from 'vitest'
import type { Factory } from '../api/types'
import { sampleFactory } from '../testing/samples'
import { worstFirst } from './state'

describe('worstFirst', () => {
  it('puts what needs a look above the rest, and sorts by name within', () => {
    const states: Factory['state'][] = ['fresh', 'gone', 'stale', 'fresh', 'refused', 'filling']
    const factories = states.map((state, n) => sampleFactory({ name: 'fedcba'.charAt(n), state }))
    expect(worstFirst(factories).map((f) => f.name)).toEqual(['b', 'd', 'a', 'c', 'f', 'e'])
  })
})
