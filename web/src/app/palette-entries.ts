import type { Factory, RunRow } from '../api/types'
import type { IconName } from '../icons/icon'

/** One line of the palette. What it leads to is data, so that the lines can be tested without a browser. */
export interface Entry {
  id: string
  group: 'Pages' | 'Pipelines' | 'Runs' | 'Factories' | 'Do'
  label: string
  aside?: string
  /** An icon, or the mark of the run it is about. */
  icon: IconName | { run: RunRow }
  act: Act
}

export type Act =
  | { go: '/' | '/runs' | '/factories' }
  | { run: RunRow }
  | { pipeline: string; factory: string }
  | { scopeTo: string | null }
  | { searchRuns: string }
  | { openRun: string }
  | { do: 'copy-link' | 'zone' }

interface Known {
  typed: string
  factories: Factory[]
  /** What the server found for the typed words, newest first; without words the newest runs. */
  runs: RunRow[]
  /** Whether the scope is narrowed to some factories now. */
  scoped: boolean
}

const mostPipelines = 4
const mostRuns = 4
const mostFactories = 4

/** The lines for what has been typed. */
export function entriesFor(known: Known): Entry[] {
  const typed = known.typed.trim()
  return [
    ...runById(typed, known.runs),
    ...pages(typed),
    ...pipelines(known.runs),
    ...(typed ? runs(known.runs) : []),
    ...factories(typed, known),
    ...actions(typed),
  ]
}

/** Whether it is a whole runId: any GUID, in any case. */
export function isRunId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text.trim())
}

function runById(typed: string, found: RunRow[]): Entry[] {
  if (!isRunId(typed) || found.some((run) => run.runId === typed.toLowerCase())) return []
  return [
    {
      id: 'run-by-id',
      group: 'Runs',
      label: 'Open run',
      aside: typed,
      icon: 'arrow',
      act: { openRun: typed.toLowerCase() },
    },
  ]
}

function pages(typed: string): Entry[] {
  const all: Entry[] = [
    { id: 'overview', group: 'Pages', label: 'Overview', icon: 'overview', act: { go: '/' } },
    { id: 'runs', group: 'Pages', label: 'Runs', icon: 'runs', act: { go: '/runs' } },
    {
      id: 'factories',
      group: 'Pages',
      label: 'Factories',
      icon: 'factory',
      act: { go: '/factories' },
    },
  ]
  return all.filter((entry) => includes(entry.label, typed))
}

function pipelines(found: RunRow[]): Entry[] {
  const newest = new Map<string, RunRow>()
  for (const run of found) {
    const id = `${run.factory}/${run.pipelineName.toLowerCase()}`
    if (!newest.has(id)) newest.set(id, run)
  }
  return [...newest].slice(0, mostPipelines).map(([id, run]) => ({
    id: `pipeline-${id}`,
    group: 'Pipelines',
    label: run.pipelineName,
    aside: run.factoryName,
    icon: { run },
    act: { pipeline: run.pipelineName, factory: run.factory },
  }))
}

function runs(found: RunRow[]): Entry[] {
  return found.slice(0, mostRuns).map((run) => ({
    id: `run-${run.factory}/${run.runId}`,
    group: 'Runs',
    label: run.pipelineName,
    icon: { run },
    act: { run },
  }))
}

function factories(typed: string, { factories: all, scoped }: Known): Entry[] {
  const lines: Entry[] = all
    .filter((factory) => includes(factory.name, typed))
    .slice(0, mostFactories)
    .map((factory) => ({
      id: `factory-${factory.factory}`,
      group: 'Factories',
      label: `Only ${factory.name}`,
      aside: factory.resourceGroup,
      icon: 'factory',
      act: { scopeTo: factory.factory },
    }))
  if (!scoped || !includes('all factories', typed)) return lines
  const everything: Entry = {
    id: 'factory-all',
    group: 'Factories',
    label: 'All factories',
    icon: 'factory',
    act: { scopeTo: null },
  }
  return [everything, ...lines]
}

function actions(typed: string): Entry[] {
  const fixed: Entry[] = [
    {
      id: 'copy',
      group: 'Do',
      label: 'Copy the link to this page',
      icon: 'copy',
      act: { do: 'copy-link' },
    },
    {
      id: 'zone',
      group: 'Do',
      label: 'Switch between my zone and UTC',
      icon: 'globe',
      act: { do: 'zone' },
    },
  ]
  const matching = fixed.filter((entry) => includes(entry.label, typed))
  if (!typed || isRunId(typed)) return matching
  const search: Entry = {
    id: 'search',
    group: 'Do',
    label: `Show runs with “${typed}” in name or message`,
    icon: 'filter',
    act: { searchRuns: typed },
  }
  return [search, ...matching]
}

function includes(text: string, typed: string): boolean {
  return text.toLowerCase().includes(typed.toLowerCase())
}
