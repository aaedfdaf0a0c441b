import { describe, expect, it } from 'vitest'
import { sampleFailure, sampleNow, sampleRecovery, sampleRun } from '../testing/samples'
import { durationMillis, matchesFilter } from './matches'
import type { RunFilter } from './schema'

const recovered = sampleFailure({ recovery: sampleRecovery('recovered') })
const everything: RunFilter = { range: 'all' }
const manual = { id: null, pipelineName: null, pipelineRunId: null }
const person = sampleRun({
  startedBy: 'Manual',
  invokedBy: { ...manual, name: 'Manual', invokedByType: 'Manual' },
})
const oldPerson = sampleRun({
  startedBy: 'Manual',
  invokedBy: { ...manual, name: 'Manual', invokedByType: null },
})
const activityRun = '7b3a0e55-2222-4222-8222-000000000002'
const child = sampleRun({
  startedBy: 'pl_parent',
  invokedBy: {
    id: activityRun,
    name: activityRun,
    invokedByType: 'PipelineActivity',
    pipelineName: 'pl_parent',
    pipelineRunId: 'b81e40d2-0000-4000-8000-000000000000',
  },
})
const oldChild = sampleRun({
  startedBy: 'pl_parent',
  invokedBy: { ...manual, name: activityRun, invokedByType: null, pipelineRunId: activityRun },
})

describe('matchesFilter', () => {
  it.each<[string, ReturnType<typeof sampleRun>, RunFilter, boolean]>([
    ['no filter', sampleRun(), {}, true],
    ['status, in any case', sampleRun(), { status: ['succeeded'] }, true],
    ['one of several statuses', sampleRun(), { status: ['Failed', 'Succeeded'] }, true],
    ['another status', sampleRun(), { status: ['Failed'] }, false],
    ['its factory', sampleRun(), { factory: ['x', 'sales-prod-3f2a'] }, true],
    ['another factory', sampleRun(), { factory: ['sales-prod'] }, false],
    ['its pipeline, in any case', sampleRun(), { pipeline: ['PL_LOAD_ORDERS'] }, true],
    ['a part of its pipeline', sampleRun(), { pipeline: ['pl_load'] }, false],
    ['its trigger', sampleRun(), { trigger: ['tr_nightly'] }, true],
    ['a person as trigger', person, { trigger: ['Manual'] }, false],
    ['a person of 2018 as trigger', oldPerson, { trigger: ['Manual'] }, false],
    ['a parent as trigger', child, { trigger: ['pl_parent'] }, false],
    ['a child of 2018', oldChild, { invokedBy: ['PipelineActivity'] }, true],
    ['a parent of 2018 as trigger', oldChild, { trigger: ['pl_parent'] }, false],
    ['the name of its parent', child, { invokedBy: ['PL_parent'] }, true],
    ['the id that Azure names its start by', child, { invokedBy: [activityRun] }, false],
    ['its kind of start', sampleRun(), { invokedBy: ['ScheduleTrigger'] }, true],
    ['the name of its start', sampleRun(), { invokedBy: ['tr_nightly'] }, true],
    ['a person of 2018', oldPerson, { invokedBy: ['Manual'] }, true],
    [
      'no start at all',
      sampleRun({ invokedBy: null, startedBy: null }),
      { invokedBy: ['Manual'] },
      false,
    ],
    [
      'an annotation',
      sampleRun({ annotations: ['tier-1', 'gdpr'] }),
      { annotation: ['gdpr'] },
      true,
    ],
    ['another annotation', sampleRun({ annotations: ['tier-1'] }), { annotation: ['gdpr'] }, false],
    ['latest of its group', sampleRun(), { group: 'latest' }, true],
    ['an overtaken rerun', sampleRun({ isLatest: false }), { group: 'latest' }, false],
    ['open', sampleFailure(), { open: true }, true],
    ['recovered, open asked', recovered, { open: true }, false],
    ['recovered, and asked so', recovered, { recovery: ['recovered'] }, true],
    ['one of several states', recovered, { recovery: ['open', 'recovered'] }, true],
    ['another state', recovered, { recovery: ['notRedone'] }, false],
    ['a failure being derived', sampleFailure({ recovery: null }), { recovery: ['open'] }, false],
    ['no failure, any state asked', sampleRun(), { recovery: ['open', 'notRedone'] }, false],
    ['not open, asked so', sampleRun(), { open: false }, true],
    ['long enough', sampleRun({ durationInMs: 90_000 }), { minDuration: '90s' }, true],
    ['too short', sampleRun({ durationInMs: 89_999 }), { minDuration: '90s' }, false],
    ['no duration yet', sampleRun({ durationInMs: null }), { minDuration: '1' }, false],
    ['words of the message', sampleFailure(), { q: 'sql cannot' }, true],
    ['the start of the last word', sampleFailure(), { q: 'sql canno' }, true],
    ['the start of another word', sampleFailure(), { q: 'canno sql' }, false],
    ['part of the pipeline', sampleRun(), { q: 'LOAD_ord' }, true],
    ['start of the runId', sampleRun(), { q: '6D1F0c52-7' }, true],
    ['middle of the runId', sampleRun(), { q: '7c3e-4c7d' }, false],
    ['all of several filters', sampleFailure(), { status: ['Failed'], open: true, q: 'sql' }, true],
    ['one of several filters', sampleFailure(), { status: ['Failed'], open: false }, false],
  ])('%s', (_what, run, filter, matches) => {
    expect(matchesFilter(run, { ...everything, ...filter }, sampleNow)).toBe(matches)
  })

  it.each<[string, RunFilter, boolean]>([
    ['the last 24 hours', {}, true],
    ['the last 5 minutes', { range: '5m' }, false],
    ['from its very start', { from: '2026-11-24T02:00:03.1234567Z' }, true],
    ['from a tenth of a microsecond later', { from: '2026-11-24T02:00:03.1234568Z' }, false],
    ['up to its very start', { to: '2026-11-24T02:00:03.1234567Z' }, false],
    ['up to a tenth of a microsecond later', { to: '2026-11-24T02:00:03.1234568Z' }, true],
  ])('a run of 02:00:03.1234567 and %s', (_what, filter, matches) => {
    expect(matchesFilter(sampleRun(), filter, sampleNow)).toBe(matches)
  })

  it('takes the last update for a run without a start', () => {
    const run = sampleRun({ runStart: null, lastUpdated: '2026-11-24T02:00:00Z' })
    expect(matchesFilter(run, { from: '2026-11-24T01:59:00Z' }, sampleNow)).toBe(true)
    expect(matchesFilter(run, { from: '2026-11-24T02:01:00Z' }, sampleNow)).toBe(false)
  })
})

describe('durationMillis', () => {
  it.each([
    ['1500', 1500],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['soon', null],
    ['', null],
  ])('reads "%s" as %s', (text, millis) => {
    expect(durationMillis(text)).toBe(millis)
  })
})
