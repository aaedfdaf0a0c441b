import { describe, expect, it } from 'vitest'
import type { RunFacets } from '../../api/types'
import { sampleBasis, sampleLimits } from '../../testing/samples'
import { chipsOf } from './chips'
import { isChosen, isFiltered, toggled } from './filter'
import { sentenceOf } from './sentence'

const facets: RunFacets = {
  basis: sampleBasis(),
  total: 312,
  open: 5,
  notRedone: 3,
  recovered: 2,
  recoveryReason: null,
  recovery: null,
  status: [
    { value: 'Succeeded', count: 300 },
    { value: 'InProgress', count: 4 },
    { value: 'Queued', count: 1 },
  ],
  factory: null,
  invokedBy: null,
  trigger: null,
  parent: null,
  pipeline: null,
  annotation: null,
  reason: null,
}

describe('the sentence', () => {
  it('counts what matches and names what is not well', () => {
    const { bold, rest } = sentenceOf(facets, 1204)
    expect(bold + rest).toBe(
      '312 runs of 1,204 · 5 open failures, 3 not redone, 2 recovered, 5 running or queued',
    )
  })

  it('begins with what limits it, and counts nothing where nothing is known', () => {
    const limited = sampleLimits({ kind: 'neverRead', reason: '1 of 5 factories can be read' })
    const failures = { open: null, notRedone: null, recovered: null }
    const partly = { ...facets, ...failures, basis: sampleBasis(limited), status: [] }
    const said = sentenceOf(partly, null)
    expect(said.limit + said.bold + said.rest).toBe('1 of 5 factories can be read: 312 known runs')
    // The reason is about parents, and makes no many of none.
    const reason =
      'the names of parent pipelines are being read from the runs of an earlier version'
    const none = sentenceOf({ ...partly, total: null, parent: null, reason }, null)
    expect(none.limit + none.bold + none.rest).toBe('1 of 5 factories can be read: no run is known')
  })

  it('does not speak of runs that the filter leaves out', () => {
    expect(sentenceOf({ ...facets, open: 1 }, null, ['Failed']).rest).toBe(
      ' · 1 open failure, 3 not redone, 2 recovered',
    )
  })

  it('never makes a zero of what is not known', () => {
    const failures = { open: null, notRedone: null, recovered: null }
    const reason = 'more than 50000 runs to look at'
    const unknown = { ...facets, ...failures, total: null, status: null, reason }
    expect(sentenceOf(unknown, null)).toEqual({ limit: '', bold: 'Many runs', rest: '' })
    expect(sentenceOf(undefined, null).bold).toBe('Runs')
  })

  it('does not call what is being derived many runs', () => {
    const recoveryReason = 'The recovery of 4 failed runs is being derived.'
    const figures = { open: null, notRedone: null, recovered: null, total: null, status: null }
    const reason = recoveryReason.slice(0, -1)
    const derived = {
      ...facets,
      ...figures,
      recoveryReason,
      reason: recoveryReason,
      basis: { ...facets.basis, reason },
    }
    expect(sentenceOf(derived, null)).toEqual({
      limit: `${reason}: `,
      bold: 'which runs match is not known yet',
      rest: '',
    })
  })
})

describe('filters', () => {
  it('takes a value in and out whatever its case, and an empty list is no filter', () => {
    expect(toggled(undefined, 'Failed')).toEqual(['Failed'])
    expect(toggled(['failed', 'Queued'], 'Failed')).toEqual(['Queued'])
    expect(toggled(['failed'], 'Failed')).toBeUndefined()
    expect(isChosen(['failed'], 'Failed')).toBe(true)
  })

  it('does not count scope and order as filters of the page', () => {
    expect(isFiltered({ factory: ['a'], range: '1h', sort: 'runStart' })).toBe(false)
    expect(isFiltered({ open: false })).toBe(true)
  })

  it('names every filter that is on', () => {
    const chips = chipsOf({
      status: ['Failed', 'Paused'],
      recovery: ['open', 'notRedone'],
      open: false,
      pipeline: ['a', 'b'],
      trigger: ['t'],
      invokedBy: ['ScheduleTrigger'],
      annotation: ['tier-1'],
      group: 'latest',
      minDuration: '5m',
      q: 'dw',
    })
    expect(chips.map(({ name, value }) => `${name}=${value}`)).toEqual([
      'status=Failed, Paused',
      'recovery=open, not redone',
      'open=not open',
      'pipeline=a, b',
      'trigger=t',
      'invokedBy=Schedule',
      'annotation=tier-1',
      'group=latest only',
      'minDuration=5m',
      'q=dw',
    ])
  })
})
