import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { RunRow } from '../api/types'
import { matchesFilter } from '../search/matches'
import { type RunFilter, runFilterSchema } from '../search/schema'
import { allHistory } from '../time/range'
import { insertRuns } from './insert'

// The server passes the same cases (internal/api/filtercases_test.go): what it lists, and in what order.

interface FilterCase {
  what: string
  filter: Record<string, string | string[]>
  runs: string[]
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(`../internal/api/testdata/${name}`, 'utf8')) as T
}

const { cases } = read<{ cases: FilterCase[] }>('filter_cases.json')
/** The runs as the API gives them, in order of arrival. */
const runs = Object.entries(read<Record<string, RunRow>>('filter_runs.json'))
const nameOf = new Map(runs.map(([name, run]) => [run.runId, name]))
const now = Date.parse('2026-11-24T12:00:00Z')

function filterOf(given: FilterCase['filter']): RunFilter {
  return v.parse(runFilterSchema, { ...given, range: allHistory })
}

/** The names that a list holds once all runs came one by one, in its order. */
function listed(filter: RunFilter): string[] {
  const empty = { items: [] as RunRow[], nextCursor: null }
  let list: Parameters<typeof insertRuns<typeof empty>>[0] = { pages: [empty], pageParams: [] }
  for (const [, run] of runs) {
    if (matchesFilter(run, filter, now)) list = insertRuns(list, [run], filter.sort)
  }
  return list.pages.flatMap(({ items }) => items.map(({ runId }) => nameOf.get(runId) ?? runId))
}

describe('the browser lists what the server lists', () => {
  it.each(cases)('$what', ({ filter, runs: wanted }) => {
    expect(listed(filterOf(filter))).toEqual(wanted)
  })

  it('for any two filters of different names', () => {
    // Of open and recovery a page has one: the schema lets the states replace open.
    const namesOf = ({ filter }: FilterCase) =>
      Object.keys(filter).map((name) => (name === 'open' ? 'recovery' : name))
    const wrong: string[] = []
    for (const [index, one] of cases.entries()) {
      for (const other of cases.slice(index + 1)) {
        const names = namesOf(one)
        if ('sort' in one.filter || namesOf(other).some((name) => names.includes(name))) continue
        const wanted = new Set(one.runs)
        const both = other.runs.filter((name) => wanted.has(name))
        const got = listed(filterOf({ ...one.filter, ...other.filter }))
        if (got.join() !== both.join()) wrong.push(`${one.what}, and ${other.what}: ${got.join()}`)
      }
    }
    expect(wrong).toEqual([])
  })
})
