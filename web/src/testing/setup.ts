import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { FakeEventSource } from './event-source'
import { server } from './server'

// How long findBy… and waitFor look before they give up; they go on as soon as they have found.
configure({ asyncUtilTimeout: 10_000 })

// jsdom lays nothing out, so what asks about layout gets the answer of a 1440 px window.
class NoResizes implements ResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

function matchMedia(query: string): MediaQueryList {
  const most = /max-width:\s*(\d+)px/.exec(query)?.[1]
  const media = new EventTarget()
  return Object.assign(media, {
    media: query,
    matches: most !== undefined && window.innerWidth <= Number(most),
    onchange: null,
    addListener: () => {},
    removeListener: () => {},
  }) as MediaQueryList
}

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))

beforeEach(() => {
  window.innerWidth = 1440
  window.innerHeight = 900
  window.ResizeObserver = NoResizes
  window.matchMedia = matchMedia
  window.scrollTo = () => {}
  Element.prototype.scrollIntoView = () => {}
  Element.prototype.setPointerCapture = () => {}
  globalThis.EventSource = FakeEventSource as unknown as typeof EventSource
  FakeEventSource.opened = []
})

afterEach(() => {
  cleanup()
  server.resetHandlers()
})

afterAll(() => server.close())
