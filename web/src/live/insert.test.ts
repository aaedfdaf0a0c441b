import { describe, expect, it } from 'vitest'
import type { RunRow } from '../api/types'
import { sampleRun } from '../testing/samples'
import { insertRuns } from './insert'

function at(minute: number, fields: Partial<RunRow> = {}): RunRow {
  const runStart = `2026-11-24T02:${String(minute).padStart(2, '0')}:00Z`
  return sampleRun({ runId: `run-${minute}`, runStart, durationInMs: minute * 1_000, ...fields })
}

function pagesOf(...pages: [RunRow[], string | null][]) {
  return {
    pages: pages.map(([items, nextCursor]) => ({ items, nextCursor })),
    pageParams: pages.map(() => null),
  }
}

function ids(data: { pages: { items: RunRow[] }[] }): string[][] {
  return data.pages.map((page) => page.items.map((run) => run.runId))
}

describe('insertRuns', () => {
  const loaded = pagesOf([[at(9), at(7)], 'more'], [[at(5), at(3)], 'more'])

  it('puts a new run where it belongs', () => {
    const data = insertRuns(loaded, [at(10), at(8), at(6), at(4)], undefined)
    expect(ids(data)).toEqual([
      ['run-10', 'run-9', 'run-8', 'run-7'],
      ['run-6', 'run-5', 'run-4', 'run-3'],
    ])
  })

  it('leaves out what comes with the next page', () => {
    expect(ids(insertRuns(loaded, [at(1)], undefined))).toEqual(ids(loaded))
  })

  it('appends it when there is no next page', () => {
    expect(ids(insertRuns(pagesOf([[at(9)], null]), [at(1)], undefined))).toEqual([
      ['run-9', 'run-1'],
    ])
  })

  it('puts a run that claims to start in the future where it was updated', () => {
    const run = at(8, { runStart: '2099-01-01T00:00:00Z', sortTime: at(8).sortTime })
    expect(ids(insertRuns(loaded, [run], undefined))[0]).toEqual(['run-9', 'run-8', 'run-7'])
  })

  it('fills an empty list', () => {
    expect(ids(insertRuns(pagesOf([[], null]), [at(1), at(2)], undefined))).toEqual([
      ['run-2', 'run-1'],
    ])
  })

  it('never shows a run twice', () => {
    const data = insertRuns(loaded, [at(7), at(8), at(8)], undefined)
    expect(ids(data)[0]).toEqual(['run-9', 'run-8', 'run-7'])
  })

  it('does not change what was cached', () => {
    insertRuns(loaded, [at(8)], undefined)
    expect(ids(loaded)).toEqual([
      ['run-9', 'run-7'],
      ['run-5', 'run-3'],
    ])
  })

  it('follows the sort', () => {
    const shortest = pagesOf([[at(3), at(7)], null])
    expect(ids(insertRuns(shortest, [at(5)], 'durationInMs'))).toEqual([
      ['run-3', 'run-5', 'run-7'],
    ])
  })
})
