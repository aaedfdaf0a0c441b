import { describe, expect, it } from 'vitest'
import { sampleProblem } from '../../testing/samples'
import { extentOf, flappingOf, foldedOf, seriesName } from './problem-words'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

describe('how much of a pipeline fails', () => {
  it.each([
    [
      'one recurring parameter',
      { series: 4, seriesTotal: 150, recurring: ['table'], runs: 9 },
      '4 of 150 values of table',
    ],
    [
      'several',
      { series: 2, seriesTotal: 24, recurring: ['company', 'month'], runs: 2 },
      '2 of 24 combinations of company, month',
    ],
    [
      'more than are written',
      { series: 2, seriesTotal: 24, recurring: ['a', 'b', 'c', 'd', 'e'], runs: 2 },
      '2 of 24 combinations of a, b, c and 2 more',
    ],
    ['none', { series: 1, seriesTotal: 1, recurring: [], runs: 2 }, '2 runs'],
    ['one value alone', { series: 1, seriesTotal: 1, recurring: ['table'], runs: 1 }, '1 run'],
  ])('with %s', (_what, fields, words) => {
    expect(extentOf(sampleProblem(fields))).toBe(words)
  })

  it('names a series by its parameters', () => {
    expect(seriesName({ table: 'orders', tenant: '' })).toBe('table = orders, tenant = ""')
    expect(seriesName({})).toBe('without recurring parameters')
  })
})

describe('a flapping pipeline', () => {
  const flapping = { failed: 6, runs: 100, worksAgainMs: 9_000 }

  it('says how often it fails, how soon it works again and what is missing', () => {
    const problem = sampleProblem({ kind: 'flapping', flapping, notRedone: 14 })
    expect(plain(flappingOf(problem))).toBe(
      'fails 6.0 %, works again within 9 s, 14 runs not redone',
    )
  })

  it('leaves out what is nothing or not known', () => {
    expect(plain(flappingOf(sampleProblem({ kind: 'flapping', flapping })))).toBe(
      'fails 6.0 %, works again within 9 s',
    )
    const none = { ...flapping, runs: 0 }
    expect(plain(flappingOf(sampleProblem({ kind: 'flapping', flapping: none })))).toBe(
      'works again within 9 s',
    )
  })
})

it('names the pipelines that failed only because of it', () => {
  const folded = ['pl_nightly', 'pl_month', 'pl_year', 'pl_all'].map((pipelineName) => ({
    factory: 'sales-prod-3f2a',
    pipelineName,
    runs: 1,
  }))
  expect(foldedOf(sampleProblem({ folded: folded.slice(0, 1) }))).toBe(
    'also failed because of it: pl_nightly',
  )
  expect(foldedOf(sampleProblem({ folded }))).toBe(
    'also failed because of it: pl_nightly, pl_month, pl_year and 1 more',
  )
  expect(foldedOf(sampleProblem())).toBe('')
})
