import type { StreamEvent } from '../live/connection'

/** The browser's EventSource, which jsdom lacks; the test plays the server. */
export class FakeEventSource extends EventTarget {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  /** All that were made since the test began, newest last. */
  static opened: FakeEventSource[] = []

  readyState = FakeEventSource.CONNECTING
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  readonly url: string

  constructor(url: string) {
    super()
    this.url = url
    FakeEventSource.opened.push(this)
  }

  close() {
    this.readyState = FakeEventSource.CLOSED
  }

  /** The server answers with a stream. */
  accept() {
    this.readyState = FakeEventSource.OPEN
    this.onopen?.()
  }

  /** The connection is lost; the browser tries again by itself, unless it was given up. */
  lose(givenUp = false) {
    this.readyState = givenUp ? FakeEventSource.CLOSED : FakeEventSource.CONNECTING
    this.onerror?.()
  }

  /** The server sends an event. */
  send(type: StreamEvent['type'], data: unknown) {
    this.sendText(type, JSON.stringify(data))
  }

  sendText(type: string, data: string) {
    this.dispatchEvent(new MessageEvent(type, { data }))
  }
}
