import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { parseSearch, stringifySearch } from './codec'
import { type RunFilter, runFilterSchema, scopeSchema } from './schema'

function readFilter(url: string): RunFilter {
  return v.parse(runFilterSchema, parseSearch(url))
}

describe('the search of a page of runs', () => {
  it.each([
    [''],
    ['?status=Failed'],
    ['?status=Failed&status=Cancelled'],
    ['?factory=a-1&factory=b-2&range=36h&zone=utc'],
    ['?from=2026-11-23T18:00:00Z&to=2026-11-24T06:00:00.1234567Z'],
    ['?recovery=open'],
    ['?recovery=open&recovery=notRedone&recovery=recovered'],
    ['?open=false&group=latest&minDuration=1h30m&sort=-durationInMs'],
    ['?q=cannot+connect+%26+%3Cb%3E&pipeline=pl+100%25+%2F+caf%C3%A9'],
    ['?annotation=a%2Bb'],
  ])('%s is written back as it was read', (url) => {
    const written = new URLSearchParams(stringifySearch(readFilter(url)))
    const original = new URLSearchParams(url)
    expect([...written].sort()).toEqual([...original].sort())
  })

  it('reads a single value of a list as a list', () => {
    expect(readFilter('?status=Failed').status).toEqual(['Failed'])
  })

  it('drops doubles and empty values', () => {
    expect(readFilter('?status=Failed&status=Failed&status=&q=').status).toEqual(['Failed'])
    expect(readFilter('?status=&q=')).toEqual({})
  })

  it.each([
    '?range=soon',
    '?range=0h',
    '?from=yesterday',
    '?from=2026-13-40T00:00:00Z',
    '?from=2026-02-31T00:00:00Z',
    '?to=2026-11-24T02:00:00',
    '?range=99999w',
    '?zone=mars',
    '?open=maybe',
    '?recovery=healed',
    '?group=all',
    '?sort=name',
    '?unknown=1',
    '?constructor=1&__proto__=2&toString=3',
    '?open=true&open=false',
  ])('%s opens the page without that filter', (url) => {
    const filter = readFilter(url)
    expect(Object.values(filter).filter((value) => value !== undefined)).toEqual([])
  })

  it('reads the links of before: open=true is recovery=open', () => {
    expect(readFilter('?open=true&status=Failed')).toEqual({
      status: ['Failed'],
      recovery: ['open'],
      open: undefined,
    })
    expect(readFilter('?open=false').open).toBe(false)
  })

  it.each(['true', 'false'])('states of recovery replace open=%s', (open) => {
    const filter = readFilter(`?open=${open}&recovery=recovered`)
    expect(filter).toEqual({ recovery: ['recovered'], open: undefined })
  })

  it('keeps the states of recovery that it knows, in their order', () => {
    expect(readFilter('?recovery=recovered&recovery=healed&recovery=open').recovery).toEqual([
      'open',
      'recovered',
    ])
  })

  it('leaves a status that Andon does not know to the server', () => {
    expect(readFilter('?status=Paused').status).toEqual(['Paused'])
  })
})

describe('the scope', () => {
  it('keeps only what all pages share', () => {
    const scope = v.parse(scopeSchema, parseSearch('?factory=a&status=Failed&range=7d'))
    expect(scope).toEqual({ factory: ['a'], range: '7d' })
  })
})

describe('stringifySearch', () => {
  it('leaves out what is not set, and the question mark with it', () => {
    expect(stringifySearch({ factory: undefined, range: null, q: '', status: [] })).toBe('')
  })
})
