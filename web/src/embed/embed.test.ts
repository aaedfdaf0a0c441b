import { describe, expect, it } from 'vitest'
import type { RunRow } from '../api/types'
import { sampleCause, sampleRecovery } from '../testing/samples'
import { readPiece } from './params'
import { upsert } from './rows'
import { drawStrip, sentence } from './strip'
import { drawTable } from './table'

const now = Date.parse('2026-11-24T02:14:00Z')

function run(runId: string, runStart: string | null, more: Partial<RunRow> = {}): RunRow {
  return {
    runId,
    factory: 'sales',
    factoryName: 'sales',
    factoryId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/sales',
    id: null,
    debugRunId: null,
    runGroupId: runId,
    pipelineName: 'pl_a',
    invokedBy: null,
    startedBy: null,
    runStart,
    runEnd: null,
    durationInMs: 60_000,
    durationComputed: null,
    status: 'Succeeded',
    endUnknown: null,
    message: '',
    cause: null,
    lastUpdated: runStart,
    sortTime: runStart ?? '2026-11-24T02:13:00Z',
    annotations: [],
    isLatest: true,
    cancelledBy: null,
    recovery: null,
    recoveryReason: null,
    origin: 'api',
    activities: 'none',
    odd: [],
    ...more,
  }
}

describe('the address of a piece', () => {
  it.each([
    ['/embed/strip', '?factory=a&pipeline=b&color=red', 'color'],
    ['/embed/strip', '?pipeline=b', 'factory'],
    ['/embed/strip', '?factory=a&pipeline=b&status=Failed', 'status'],
    ['/embed/runs', '?theme=blue', 'light, dark or auto'],
    ['/embed/runs', '?zone=cet', 'utc'],
    ['/embed/runs', '?limit=0', '1 to 100'],
    ['/embed/strip', '?factory=a&pipeline=b&limit=61', '1 to 60'],
    ['/embed/strip', '?factory=a&pipeline=b&pipeline=c', 'names pipeline 2 times'],
    ['/embed/clock', '', '/embed/strip and /embed/runs'],
  ])('refuses %s%s and names what is allowed', (path, search, said) => {
    expect(readPiece(path, search)).toEqual(expect.stringContaining(said))
  })

  it('keeps the filters apart from the look, below any prefix', () => {
    const piece = readPiece(
      '/tools/andon/embed/runs',
      '?status=Failed&status=Queued&recovery=notRedone&theme=dark&limit=5&title=Ours',
    )
    expect(piece).toMatchObject({
      kind: 'runs',
      limit: 5,
      theme: 'dark',
      title: 'Ours',
      utc: false,
    })
    expect(typeof piece === 'string' ? '' : piece.filter.toString()).toBe(
      'status=Failed&status=Queued&recovery=notRedone',
    )
  })
})

describe('rows that change live', () => {
  const rows = [run('c', '2026-11-24T02:10:00Z'), run('a', '2026-11-24T02:00:00Z')]

  it('takes a new run where it belongs and drops what is over the limit', () => {
    const next = upsert(rows, run('b', '2026-11-24T02:05:00Z'), true, 2)
    expect(next.map((r) => r.runId)).toEqual(['c', 'b'])
    expect(rows).toHaveLength(2)
  })

  it('replaces a run that changed and removes one that matches no longer', () => {
    const changed = run('a', '2026-11-24T02:00:00Z', { status: 'Failed' })
    expect(upsert(rows, changed, true, 9)[1]?.status).toBe('Failed')
    expect(upsert(rows, changed, false, 9).map((r) => r.runId)).toEqual(['c'])
  })
})

describe('what is drawn', () => {
  const rows = [
    run('c', '2026-11-24T02:10:00Z', { status: 'InProgress', durationInMs: null }),
    run('b', '2026-11-24T02:05:00Z', {
      status: 'Failed',
      recovery: sampleRecovery('open'),
      message: 'server secret.db said no',
      cause: sampleCause({ text: 'secret.db said no', activity: 'cp_secret.db' }),
    }),
    run('a', '2026-11-24T02:00:00Z', { status: 'Failed', recovery: sampleRecovery('recovered') }),
    run('n', '2026-11-24T01:55:00Z', { status: 'Failed', recovery: sampleRecovery('notRedone') }),
  ]

  it('says the strip in words and draws the oldest run first', () => {
    const strip = drawStrip(rows, 'UTC', now)
    expect(sentence(rows)).toBe(
      '0 of 3 finished runs succeeded, 1 failed and open, 1 failed and not redone, 1 failed and recovered, 1 in progress',
    )
    expect([...strip.querySelectorAll('rect')].map((r) => r.getAttribute('class'))).toEqual([
      'bar notRedone',
      'bar recovered',
      'bar bad',
      'bar run',
    ])
  })

  it('counts a rerun as a run, never as a first try', () => {
    const rerun = run('r', '2026-11-24T02:12:00Z', { runGroupId: 'a' })
    expect(sentence([rerun, ...rows.slice(2, 3)])).toBe(
      '1 of 2 finished runs succeeded, 1 failed and recovered',
    )
  })

  it('gives no share of nothing, and no height to a duration that is not known', () => {
    const unfinished = [
      run('c', '2026-11-24T02:10:00Z', { status: 'InProgress', durationInMs: null }),
      run('d', '2026-11-24T02:09:00Z', { status: 'InProgress', endUnknown: 'forgotten' }),
      run('e', '2026-11-24T02:08:00Z', { status: 'Cancelled' }),
    ]
    expect(sentence(unfinished)).toBe(
      'None succeeded or failed, 1 in progress, 1 unknown end, 1 cancelled',
    )
    const bar = drawStrip(unfinished, 'UTC', now).querySelector('.bar.run')
    expect(bar?.getAttribute('height')).toBe('4.5')
  })

  it('lists runs without their message and cause, with the time a running one takes so far', () => {
    const table = drawTable(rows, 'UTC', now)
    const cells = [...table.querySelectorAll('tbody tr')].map((tr) =>
      tr.textContent?.replaceAll('\u00a0', ' '),
    )
    expect(cells[0]).toBe('pl_aIn progress02:10:004 m 00 s')
    expect(
      cells.slice(1).map((cell) => cell?.match(/Failed, (open|recovered|not redone)/)?.[1]),
    ).toEqual(['open', 'recovered', 'not redone'])
    expect(table.outerHTML).not.toContain('secret.db')
    expect(drawStrip(rows, 'UTC', now).outerHTML).not.toContain('secret.db')
  })

  it('claims nothing of a failure whose recovery is being derived', () => {
    const row = run('d', '2026-11-24T02:00:00Z', { status: 'Failed' })
    expect(sentence([row])).toBe(
      '0 of 1 finished run succeeded, 1 failed, recovery is being derived',
    )
    expect(drawTable([row], 'UTC', now).textContent).toContain('Failed, recovery is being derived')
    expect(drawStrip([row], 'UTC', now).querySelector('.bar')?.classList).toContain('underived')
  })

  it('reads names as text, never as HTML', () => {
    const table = drawTable(
      [run('x', null, { pipelineName: '<img src=x onerror=alert(1)>' })],
      'UTC',
      now,
    )
    expect(table.querySelector('img')).toBeNull()
    expect(table.textContent).toContain('<img src=x')
  })
})
