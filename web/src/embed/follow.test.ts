import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RunPage, RunRow } from '../api/types'
import { FakeEventSource } from '../testing/event-source'
import {
  sampleBasis,
  sampleFactory,
  sampleLimits,
  sampleNow,
  sampleRun,
  sampleRunPage,
  sampleRuns,
} from '../testing/samples'
import { drawPiece } from './content'
import { follow, type View } from './follow'
import { readPiece } from './params'

const base = new URL('http://board.test/')

let answers: (() => Response | Promise<Response>)[]
let asked: string[]
/** Of each request that was made. */
let signals: AbortSignal[]
let close: (() => void) | undefined

beforeEach(() => {
  vi.useFakeTimers({ now: sampleNow })
  answers = []
  asked = []
  signals = []
  vi.stubGlobal('fetch', async (address: URL, { signal }: { signal: AbortSignal }) => {
    asked.push(address.search)
    signals.push(signal)
    // The last answer is given again.
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (!answer) throw new TypeError('no answer')
    return answer()
  })
})

afterEach(() => {
  close?.()
  vi.useRealTimers()
})

const gives = (page: RunPage) => () => Response.json(page)
const refuses = (status: number, body: object) => () => Response.json(body, { status })
const cannot = () => Promise.reject(new TypeError('down'))
const givesAfter = (seconds: number, page: RunPage) => () =>
  new Promise<Response>((resolve) => {
    setTimeout(() => resolve(Response.json(page)), seconds * 1_000)
  })

/** Opens a piece, of which the test is the server. */
async function open(path: string, ...given: typeof answers) {
  answers = given
  const piece = readPiece(...(path.split(/(?=\?)/) as [string, string]))
  if (typeof piece === 'string') throw new Error(piece)
  let view: View = { state: 'loading' }
  let drawn = 0
  const followed = follow(piece, base, (next) => {
    view = next
    drawn++
  })
  close = followed.close
  const stream = FakeEventSource.opened.at(-1) as FakeEventSource
  stream.accept()
  await vi.advanceTimersByTimeAsync(0)
  return {
    stream,
    retry: followed.retry,
    drawn: () => drawn,
    rows: () => (view.state === 'shown' ? view.rows.map((row) => row.runId) : []),
    text: () =>
      drawPiece(view, piece, 'UTC', Date.now(), () => {})
        .map((node) => node.textContent?.replaceAll('\u00a0', ' '))
        .join(' | '),
  }
}

const run = (runId: string, fields: Partial<RunRow> = {}) => sampleRun({ runId, ...fields })

describe('how fresh a piece is', () => {
  const late = {
    ...sampleRunPage([run('a')]),
    asOf: '2026-11-24T01:00:00Z',
    basis: sampleBasis(sampleLimits({ kind: 'stale', reason: '4 of 5 factories are up to date' })),
  }

  it('stays not fresh while one of its factories is late, whatever the others report', async () => {
    const piece = await open('/embed/runs?', gives(late))
    piece.stream.send('freshness', sampleFactory({ factory: 'b', asOf: '2026-11-24T02:14:05Z' }))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(piece.text()).toContain('4 of 5 factories are up to date: runs may be missing')
    expect(piece.text()).toContain('Not fresh: as of 01:00:00, 1 h 14 m ago')
  })

  it('stays unknown while one of its factories was never read', async () => {
    const piece = await open('/embed/runs?factory=a&factory=b', gives({ ...late, asOf: null }))
    piece.stream.send('freshness', sampleFactory({ factory: 'b', asOf: '2026-11-24T02:14:05Z' }))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(piece.text()).toContain('As of an unknown time')
  })

  it('asks again soon after a poll of its own factories alone', async () => {
    const now = { ...late, asOf: '2026-11-24T02:14:20Z', basis: sampleBasis() }
    const piece = await open('/embed/runs?factory=a', gives(late), gives(late), gives(now))
    const before = asked.length
    piece.stream.send('freshness', sampleFactory({ factory: 'b' }))
    await vi.advanceTimersByTimeAsync(25_000)
    expect(asked).toHaveLength(before)
    for (let i = 0; i < 9; i++) piece.stream.send('freshness', sampleFactory({ factory: 'a' }))
    await vi.advanceTimersByTimeAsync(0)
    expect(asked).toHaveLength(before + 1)
    expect(piece.text()).toMatch(/\| as of 02:14:20, 12 s ago$|Newest 1as of 02:14:20, 12 s ago$/)
  })
})

describe('a read that fails', () => {
  const page = sampleRunPage([run('a')])

  it.each([
    ['the server does not answer', cannot, 'The server cannot be reached.'],
    ['the server fails', refuses(503, { title: 'The store is full' }), 'The store is full.'],
    [
      'something between answers',
      () => new Response('<html>', { status: 502 }),
      'The server answered 502.',
    ],
  ])('leaves what was shown, marked: %s', async (_, failure, why) => {
    const piece = await open('/embed/runs?', gives(page), gives(page), failure)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(piece.rows()).toEqual(['a'])
    expect(piece.text()).toContain(`Not fresh: as of 02:14:03, 1 m ago. ${why}`)
  })

  it('is made again when the live stream is back, and only then the mark goes', async () => {
    const piece = await open('/embed/runs?', gives(page), gives(page), cannot, gives(page))
    piece.stream.lose()
    await vi.advanceTimersByTimeAsync(11_000)
    expect(piece.text()).toContain('Not fresh: as of 02:14:03, 15 s ago. Live updates are lost.')
    await vi.advanceTimersByTimeAsync(50_000)
    piece.stream.accept()
    expect(piece.text()).toContain('Not fresh')
    await vi.advanceTimersByTimeAsync(0)
    expect(piece.text()).not.toContain('Not fresh')
  })

  it('says what is wrong with a value of the address, and what is allowed', async () => {
    const message = 'allowed: a duration such as 90s, 5m or 1h30m, or whole milliseconds'
    const detail = 'minDuration can\'t be "abc".'
    const piece = await open(
      '/embed/runs?minDuration=abc',
      refuses(400, {
        title: "A parameter can't be used",
        detail,
        errors: [{ location: 'query.minDuration', message, value: 'abc' }],
      }),
    )
    expect(piece.text()).toContain(`This piece cannot be shown${detail} minDuration ${message}.`)
  })
})

describe('a server that answers slowly', () => {
  const page = sampleRunPage([run('a')])
  const poll = (piece: Awaited<ReturnType<typeof open>>) =>
    piece.stream.send('freshness', sampleFactory())

  it('is asked one thing at a time, and what it answers is shown', async () => {
    const piece = await open('/embed/runs?', givesAfter(25, page))
    const before = asked.length
    for (let second = 0; second < 24; second++) {
      poll(piece)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(asked).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(piece.rows()).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(asked, 'the polls meanwhile are worth one more read').toHaveLength(before + 1)
  })

  it('is asked again at once after a gap, and no longer for what it was asked before', async () => {
    const piece = await open('/embed/runs?', givesAfter(25, page))
    const before = signals.length
    piece.stream.send('reset', {})
    expect(signals).toHaveLength(before + 1)
    expect(signals.map(({ aborted }) => aborted)).toEqual([...Array(before).fill(true), false])
    close?.()
    expect(signals.at(-1)?.aborted).toBe(true)
  })

  it('is not asked every 2 s to fill a list that runs leave', async () => {
    const runs = sampleRuns(9, { status: 'InProgress', durationInMs: null })
    const full = { ...sampleRunPage(runs), nextCursor: 'more' }
    const piece = await open(
      '/embed/runs?status=InProgress&limit=9',
      gives(full),
      givesAfter(5, full),
    )
    await vi.advanceTimersByTimeAsync(5_000)
    const before = asked.length
    for (const ended of runs.slice(0, 8)) {
      piece.stream.send('run', { ...ended, status: 'Succeeded' })
      await vi.advanceTimersByTimeAsync(2_000)
    }
    expect(asked).toHaveLength(before + 1)
  })
})

describe('a piece that is refused', () => {
  const no = refuses(400, { title: "A parameter can't be used" })

  it('is not asked for at each poll, nor drawn again, so that its button keeps the focus', async () => {
    const piece = await open('/embed/runs?minDuration=abc', no)
    const before = asked.length
    for (let n = 0; n < 5; n++) {
      piece.stream.send('freshness', sampleFactory())
      await vi.advanceTimersByTimeAsync(10_000)
    }
    expect(asked).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked, 'each minute it may be another').toHaveLength(before + 1)
    expect(piece.drawn()).toBe(1)
  })

  it('is read when asked to', async () => {
    const piece = await open('/embed/runs?', no, no, gives(sampleRunPage([run('a')])))
    piece.retry()
    await vi.advanceTimersByTimeAsync(0)
    expect(piece.rows()).toEqual(['a'])
  })
})

describe('live runs', () => {
  it('never empties a list behind which more may be: it reads again', async () => {
    const inProgress = sampleRuns(2, { status: 'InProgress', durationInMs: null })
    const [first, second] = inProgress.map(({ runId }) => runId)
    const one = { ...sampleRunPage(inProgress.slice(0, 1)), nextCursor: 'more' }
    const next = sampleRunPage(inProgress.slice(1))
    const piece = await open(
      '/embed/runs?status=InProgress&limit=1',
      gives(one),
      gives(one),
      gives(next),
    )
    piece.stream.send('run', { ...inProgress[0], status: 'Succeeded' })
    expect(piece.rows()).toEqual([first])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(piece.rows()).toEqual([second])
  })

  it('never empty a list behind which more may be while it is read either', async () => {
    const inProgress = sampleRuns(2, { status: 'InProgress', durationInMs: null })
    const one = { ...sampleRunPage(inProgress.slice(0, 1)), nextCursor: 'more' }
    const next = sampleRunPage(inProgress.slice(1))
    const path = '/embed/runs?status=InProgress&limit=1'
    const piece = await open(path, gives(one), givesAfter(1, one), gives(next))
    piece.stream.send('run', { ...inProgress[0], status: 'Succeeded' })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(piece.text()).not.toContain('No runs')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(piece.rows()).toEqual([inProgress[1]?.runId])
  })

  it('are kept when a read that began before them answers after them', async () => {
    let answer: (response: Response) => void = () => {}
    const slow = () =>
      new Promise<Response>((resolve) => {
        answer = resolve
      })
    const old = sampleRunPage([run('a', { status: 'InProgress' })])
    const piece = await open('/embed/runs?', gives(old), gives(old), slow)
    await vi.advanceTimersByTimeAsync(60_000)
    piece.stream.send('run', run('a', { status: 'Failed' }))
    answer(Response.json(old))
    await vi.advanceTimersByTimeAsync(0)
    expect(piece.text()).toContain('Failed')
  })
})

describe('a piece without runs', () => {
  it('says no more than that none that is here matches, and since when history is here', async () => {
    const piece = await open('/embed/runs?status=Failed', gives(sampleRunPage([])))
    expect(piece.text()).toContain('No runsNo run that is here matches. History begins on 3 Oct.')
  })

  it('says what limits it', async () => {
    const limits = sampleLimits({ kind: 'neverRead', reason: '1 of 5 factories can be read' })
    const piece = await open(
      '/embed/runs?',
      gives({ ...sampleRunPage([]), basis: sampleBasis(limits) }),
    )
    expect(piece.text()).toContain(
      'No run is known1 of 5 factories can be read, so runs may be missing here.',
    )
  })
})
