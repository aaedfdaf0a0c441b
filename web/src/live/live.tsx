import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { basePath } from '../api/client'
import { collectionKey } from '../api/collection'
import { factoriesKey } from '../api/factories'
import { overviewKey } from '../api/overview'
import { runKey } from '../api/run'
import { facetsKey } from '../api/runs'
import { surroundingsKeyOf } from '../api/surroundings'
import { timelineKey } from '../api/timeline'
import type { Factory, RunRow } from '../api/types'
import { type Clock, useClock } from '../time/clock'
import { Connection, type ConnectionState, type StreamEvent } from './connection'
import { patchFactory, patchRun } from './patch'
import { throttle } from './throttle'

const rollupGap = 1_000
/** Each poll of each factory and each run is news; what they add up to changes slowly. */
const collectionGap = 15_000

/** What a `resource` event says: factory resources of one kind changed, or were read. */
interface ResourceChange {
  factory: string
  kind: string
}

/** Turns what the live stream says into changes of the cache, and tells whoever listens about runs. */
export class Live {
  #state: ConnectionState = { state: 'connecting' }
  #stateListeners = new Set<() => void>()
  #runListeners = new Set<(run: RunRow) => void>()
  #gapListeners = new Set<() => void>()
  /** Runs whose pages show more than a row: what an event does not carry must be asked for. */
  #touched = new Map<string, RunRow>()
  /** Factories whose resources changed or were read. */
  #readAgain = new Set<string>()
  readonly #client: QueryClient
  readonly #connection: Connection

  constructor(client: QueryClient, clock: Clock) {
    this.#client = client
    this.#connection = new Connection({
      url: `${basePath()}api/v1/events`,
      now: clock.now,
      onEvent: (event) => this.receive(event),
      onGap: () => this.#gap(),
      onState: (state) => {
        this.#state = state
        for (const listener of this.#stateListeners) listener()
      },
    })
  }

  open() {
    this.#connection.open()
  }

  close() {
    this.#connection.close()
    this.#refresh.cancel()
    this.#refreshCollection.cancel()
    this.#refreshResources.cancel()
  }

  state = (): ConnectionState => this.#state

  onState = (listener: () => void): (() => void) => {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  /** Calls back for each run that started or changed. */
  onRun(listener: (run: RunRow) => void): () => void {
    this.#runListeners.add(listener)
    return () => this.#runListeners.delete(listener)
  }

  /** Calls back when events were missed and everything is being read again. */
  onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener)
    return () => this.#gapListeners.delete(listener)
  }

  receive({ type, data }: StreamEvent) {
    if (type === 'reset') this.#gap()
    else if (type === 'freshness') this.#freshness(data as Factory)
    else if (type === 'resource') this.#resource(data as ResourceChange)
    else this.#run(data as RunRow)
  }

  #freshness(factory: Factory) {
    // A factory that stops or goes on tells of its source too, which no event carries.
    if (patchFactory(this.#client, factory)) {
      void this.#client.invalidateQueries({ queryKey: factoriesKey }, { cancelRefetch: false })
      this.#refresh() // what all figures rest on is another now
    }
    this.#refreshCollection()
  }

  #resource({ factory }: ResourceChange) {
    this.#readAgain.add(factory)
    this.#refreshResources()
  }

  #run(run: RunRow) {
    patchRun(this.#client, run)
    this.#touched.set(run.runId, run)
    for (const listener of this.#runListeners) listener(run)
    this.#refresh()
    this.#refreshCollection()
  }

  #gap() {
    for (const listener of this.#gapListeners) listener()
    // One more refetch by a listener or a mount is joined to this, not started beside it.
    void this.#client.invalidateQueries(undefined, { cancelRefetch: false })
  }

  #refresh = throttle(() => {
    const touched = this.#touched
    this.#touched = new Map()
    // Without cancelRefetch: false a slow answer would be thrown away each second, and none ever shown.
    const options = { cancelRefetch: false }
    for (const queryKey of [overviewKey, timelineKey, facetsKey]) {
      void this.#client.invalidateQueries({ queryKey, predicate: wasRead }, options)
    }
    void this.#client.invalidateQueries(
      { queryKey: runKey, predicate: ({ queryKey }) => concerns(touched, String(queryKey[1])) },
      options,
    )
  }, rollupGap)

  // An answer under way may be from before the last event, so it is asked for again: these events are rare.
  #refreshResources = throttle(() => {
    const factories = this.#readAgain
    this.#readAgain = new Set()
    for (const factory of factories) {
      void this.#client.invalidateQueries({ queryKey: surroundingsKeyOf(factory) })
    }
  }, rollupGap)

  #refreshCollection = throttle(() => {
    void this.#client.invalidateQueries(
      { queryKey: collectionKey, predicate: wasRead },
      { cancelRefetch: false },
    )
  }, collectionGap)
}

/** What could never be read keeps saying so: asked again each second, it would look as if it were still loading. */
function wasRead({ state }: Query): boolean {
  return state.status !== 'error' || state.data !== undefined
}

/** Whether a run's page shows something of the touched runs: the run itself, a child of it, or a rerun. */
function concerns(touched: Map<string, RunRow>, runId: string): boolean {
  if (touched.has(runId)) return true
  for (const run of touched.values()) {
    if (
      run.invokedBy?.pipelineRunId === runId ||
      run.runGroupId === runId ||
      run.recovery?.by?.runId === runId
    ) {
      return true
    }
  }
  return false
}

const LiveContext = createContext<Live | null>(null)

/** Opens the one live stream for everything below it. */
export function LiveProvider({ children }: { children: React.ReactNode }) {
  const client = useQueryClient()
  const clock = useClock()
  const [live] = useState(() => new Live(client, clock))
  useEffect(() => {
    live.open()
    return () => live.close()
  }, [live])
  return <LiveContext value={live}>{children}</LiveContext>
}

export function useLive(): Live {
  const live = useContext(LiveContext)
  if (!live) throw new Error('live data was used outside of LiveProvider')
  return live
}

/** How the live stream stands. */
export function useConnection(): ConnectionState {
  const live = useLive()
  return useSyncExternalStore(live.onState, live.state)
}
