/** How the live stream stands. `since` is when it was lost, in milliseconds. */
export type ConnectionState =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting'; since: number }
  | { state: 'offline'; since: number }

/** After this long without the stream, it is said to be lost. */
export const offlineAfter = 10_000

/** What an event of the stream is; the data is JSON. */
export interface StreamEvent {
  type: (typeof eventTypes)[number]
  data: unknown
}

export interface ConnectionOptions {
  url: string
  now: () => number
  onEvent: (event: StreamEvent) => void
  /** Events may have been missed: everything must be read again. */
  onGap: () => void
  onState: (state: ConnectionState) => void
}

const eventTypes = ['run', 'freshness', 'resource', 'reset'] as const
const firstRetry = 2_000
const longestRetry = 30_000

/**
 * Keeps one EventSource open. While the browser reconnects by itself it sends Last-Event-ID, and the server sends
 * what was missed or a `reset`. When the browser gives up (any answer but a stream ends an EventSource for good) a new
 * one is made, which knows no id: that is a gap.
 */
export class Connection {
  #source: EventSource | null = null
  #lostAt: number | null = null
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #offline: ReturnType<typeof setTimeout> | undefined
  // What was read before the stream first opened may have changed in between.
  #gap = true
  readonly #options: ConnectionOptions

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  open(): void {
    this.#options.onState({ state: 'connecting' })
    this.#connect()
    window.addEventListener('online', this.#reconnect)
  }

  close(): void {
    window.removeEventListener('online', this.#reconnect)
    clearTimeout(this.#retry)
    clearTimeout(this.#offline)
    this.#source?.close()
    this.#source = null
  }

  #connect() {
    const source = new EventSource(this.#options.url)
    this.#source = source
    source.onopen = () => this.#opened()
    source.onerror = () => this.#failed(source)
    for (const type of eventTypes) {
      source.addEventListener(type, (event: MessageEvent<string>) =>
        this.#received(type, event.data),
      )
    }
  }

  #opened() {
    clearTimeout(this.#offline)
    this.#lostAt = null
    this.#attempt = 0
    this.#options.onState({ state: 'live' })
    if (this.#gap) this.#options.onGap()
    this.#gap = false
  }

  #failed(source: EventSource) {
    if (this.#lostAt === null) {
      const since = this.#options.now()
      this.#lostAt = since
      this.#options.onState({ state: 'reconnecting', since })
      this.#offline = setTimeout(
        () => this.#options.onState({ state: 'offline', since }),
        offlineAfter,
      )
    }
    if (source.readyState !== EventSource.CLOSED) return
    const wait = Math.min(longestRetry, firstRetry * 2 ** this.#attempt)
    this.#attempt++
    clearTimeout(this.#retry)
    this.#retry = setTimeout(this.#reconnect, wait)
  }

  #reconnect = () => {
    if (this.#source?.readyState === EventSource.OPEN) return
    clearTimeout(this.#retry)
    this.#source?.close()
    this.#gap = true
    this.#connect()
  }

  #received(type: StreamEvent['type'], text: string) {
    let data: unknown
    try {
      data = JSON.parse(text)
    } catch {
      // A frame that a proxy has cut: what it said is lost, so all is read again.
      this.#options.onGap()
      return
    }
    this.#options.onEvent({ type, data })
  }
}
