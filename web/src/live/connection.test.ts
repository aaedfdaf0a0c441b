import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { FakeEventSource } from '../testing/event-source'
import { Connection, type ConnectionState, offlineAfter } from './connection'

function openConnection() {
  const states: ConnectionState['state'][] = []
  const onEvent = vi.fn()
  const onGap = vi.fn()
  const connection = new Connection({
    url: '/api/v1/events',
    now: () => 42,
    onEvent,
    onGap,
    onState: ({ state }) => states.push(state),
  })
  connection.open()
  onTestFinished(() => connection.close())
  return { connection, states, onEvent, onGap }
}

function newest(): FakeEventSource {
  const source = FakeEventSource.opened.at(-1)
  if (!source) throw new Error('no stream was opened')
  return source
}

describe('Connection', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('hands on events with their data', () => {
    const { onEvent } = openConnection()
    newest().accept()
    newest().send('run', { runId: 'a' })
    expect(onEvent).toHaveBeenCalledWith({ type: 'run', data: { runId: 'a' } })
  })

  it('counts the first opening as a gap: what was read before may have changed', () => {
    const { onGap } = openConnection()
    newest().accept()
    expect(onGap).toHaveBeenCalledTimes(1)
  })

  it('goes from connecting to live, reconnecting and live again', () => {
    const { states, onGap } = openConnection()
    newest().accept()
    onGap.mockClear()
    newest().lose()
    newest().accept()
    expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live'])
    expect(onGap, 'the browser sends Last-Event-ID itself').not.toHaveBeenCalled()
  })

  it('says that it is offline once nobody answers for ten seconds', () => {
    const { states } = openConnection()
    newest().accept()
    newest().lose()
    vi.advanceTimersByTime(offlineAfter - 1)
    newest().lose()
    expect(states.at(-1)).toBe('reconnecting')
    vi.advanceTimersByTime(1)
    expect(states.at(-1)).toBe('offline')
  })

  it('opens a new stream when the browser gives up, and then counts it as a gap', () => {
    const { onGap } = openConnection()
    newest().accept()
    onGap.mockClear()
    newest().lose(true)
    vi.advanceTimersByTime(2_000)
    expect(FakeEventSource.opened).toHaveLength(2)
    newest().accept()
    expect(onGap).toHaveBeenCalledTimes(1)
  })

  it('waits longer with each stream that fails, but never beyond half a minute', () => {
    openConnection()
    for (let n = 0; n < 6; n++) {
      newest().lose(true)
      vi.advanceTimersByTime(30_000)
    }
    const opened = FakeEventSource.opened.length
    expect(opened).toBe(7)
    newest().lose(true)
    vi.advanceTimersByTime(29_999)
    expect(FakeEventSource.opened).toHaveLength(opened)
  })

  it('tries at once when the network is back', () => {
    openConnection()
    newest().lose(true)
    window.dispatchEvent(new Event('online'))
    expect(FakeEventSource.opened).toHaveLength(2)
  })

  it('reads everything again after a frame that was cut', () => {
    const { onGap, onEvent } = openConnection()
    newest().accept()
    onGap.mockClear()
    newest().sendText('run', '{"runId": "a')
    expect(onEvent).not.toHaveBeenCalled()
    expect(onGap).toHaveBeenCalledTimes(1)
  })

  it('opens nothing more once closed', () => {
    const { connection } = openConnection()
    newest().lose(true)
    connection.close()
    vi.advanceTimersByTime(60_000)
    window.dispatchEvent(new Event('online'))
    expect(FakeEventSource.opened).toHaveLength(1)
  })
})
