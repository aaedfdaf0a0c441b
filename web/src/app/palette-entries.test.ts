import { describe, expect, it } from 'vitest'
import { sampleFactory, sampleFailure, sampleRun } from '../testing/samples'
import { entriesFor, isRunId } from './palette-entries'

const runs = [
  sampleFailure({ runId: 'a' }),
  sampleRun({ runId: 'b' }),
  sampleRun({ runId: 'c', pipelineName: 'pl_gl_close' }),
]
const factories = [sampleFactory(), sampleFactory({ factory: 'dw', name: 'dw-prod' })]
const known = { typed: '', factories, runs, scoped: false }

function lines(changes: Partial<typeof known>): string[] {
  return entriesFor({ ...known, ...changes }).map((entry) => `${entry.group}: ${entry.label}`)
}

describe('entriesFor', () => {
  it('offers pages, recent pipelines once each, factories and actions before anything is typed', () => {
    expect(lines({})).toEqual([
      'Pages: Overview',
      'Pages: Runs',
      'Pages: Factories',
      'Pipelines: pl_load_orders',
      'Pipelines: pl_gl_close',
      'Factories: Only sales-prod',
      'Factories: Only dw-prod',
      'Do: Copy the link to this page',
      'Do: Switch between my zone and UTC',
    ])
  })

  it('offers what the server found for the typed words, and a search for them', () => {
    expect(lines({ typed: 'load', runs: runs.slice(0, 2) })).toEqual([
      'Pipelines: pl_load_orders',
      'Runs: pl_load_orders',
      'Runs: pl_load_orders',
      'Do: Show runs with “load” in name or message',
    ])
  })

  it('opens a pasted runId, known or not', () => {
    const runId = '6D1F0C52-7c3e-4c7d-9c0a-0b8f4b1c9a01'
    const [entry] = entriesFor({ ...known, typed: ` ${runId} `, runs: [] })
    expect(entry?.act).toEqual({ openRun: runId.toLowerCase() })
    const found = entriesFor({ ...known, typed: runId, runs: [sampleRun()] })
    expect(found.map((e) => e.id)).not.toContain('run-by-id')
    expect(found.filter((e) => e.group === 'Runs')).toHaveLength(1)
  })

  it('offers all factories only when the scope is narrowed', () => {
    expect(lines({ typed: 'all' })).not.toContain('Factories: All factories')
    expect(lines({ typed: 'all', scoped: true })).toContain('Factories: All factories')
  })

  it('gives each line its own id', () => {
    const ids = entriesFor({ ...known, typed: 'o', scoped: true }).map((entry) => entry.id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('isRunId', () => {
  it.each([
    ['6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01', true],
    ['6d1f0c52', false],
    ['6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01x', false],
  ])('%s: %s', (text, is) => {
    expect(isRunId(text)).toBe(is)
  })
})
