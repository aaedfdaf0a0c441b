import { describe, expect, it } from 'vitest'
import { sampleFactory, sampleNow } from '../../testing/samples'
import { axisLabels, axisOf, coverageWords, piecesOf, placeOf } from './coverage'

const day = 86_400_000
const at = (days: number) => new Date(sampleNow - days * day).toISOString()

function covered(from: number, to: number, gaps: [number, number][] = []) {
  return sampleFactory({
    firstRunStart: null,
    coverage: {
      ...sampleFactory().coverage,
      from: at(from),
      to: at(to),
      gaps: gaps.map(([left, right]) => ({ from: at(left), to: at(right), reason: 'gone' })),
    },
  })
}

describe('the axis', () => {
  it('reaches from the oldest that is known, and at least what Azure keeps', () => {
    expect(axisOf([covered(10, 0)], sampleNow).from).toBe(sampleNow - 45 * day)
    expect(axisOf([covered(10, 0), covered(90, 0)], sampleNow).from).toBe(sampleNow - 90 * day)
    const imported = { ...covered(10, 0), firstRunStart: at(400) }
    expect(axisOf([imported], sampleNow).from).toBe(sampleNow - 400 * day)
    expect(axisOf([], sampleNow).to).toBe(sampleNow)
  })

  it('places moments, those outside at its ends', () => {
    const axis = axisOf([covered(90, 0)], sampleNow)
    expect([90, 45, 0, 100, -1].map((days) => placeOf(sampleNow - days * day, axis))).toEqual([
      0, 50, 100, 0, 100,
    ])
  })

  it('names its start only where the words have room', () => {
    expect(axisLabels(axisOf([covered(90, 0)], sampleNow), 'UTC').start).toBe('26\u00a0Aug')
    expect(axisLabels(axisOf([covered(50, 0)], sampleNow), 'UTC').start).toBeNull()
  })
})

describe('the pieces', () => {
  const draw = (factory: ReturnType<typeof covered>) =>
    piecesOf(factory, axisOf([covered(100, 0)], sampleNow)).map(({ kind, from, to }) => [
      kind,
      (sampleNow - from) / day,
      (sampleNow - to) / day,
    ])

  it('are cut where Azure forgets, and at gaps', () => {
    expect(draw(covered(90, 0))).toEqual([
      ['only', 90, 45],
      ['kept', 45, 0],
    ])
    expect(draw(covered(90, 1, [[50, 40]]))).toEqual([
      ['only', 90, 50],
      ['kept', 40, 1],
    ])
    expect(
      draw(
        covered(30, 0, [
          [40, 30],
          [20, 10],
        ]),
      ),
    ).toEqual([
      ['kept', 30, 20],
      ['kept', 10, 0],
    ])
  })

  it('are none where nothing is known', () => {
    const unread = covered(1, 0)
    unread.coverage.from = null
    expect(draw(unread)).toEqual([])
  })
})

describe('the words', () => {
  const words = (factory: ReturnType<typeof covered>) =>
    coverageWords(factory, 'UTC', sampleNow).map((line) => line.replaceAll('\u00a0', ' '))

  it('say what is covered and each gap with its reason', () => {
    expect(words(covered(90, 0, [[2, 1]]))).toEqual([
      'Covered from 26 Aug to now',
      'Missing: Sun 22 Nov 02:14 – Mon 23 Nov 02:14, gone',
    ])
  })

  it('name five gaps and count the rest', () => {
    const gaps = Array.from({ length: 7 }, (_, n): [number, number] => [20 - 2 * n, 19 - 2 * n])
    expect(words(covered(90, 0, gaps)).slice(6)).toEqual(['and 2 more gaps'])
  })

  it('say where one that stands still ends, and when nothing is known', () => {
    const late = { ...covered(90, 0.01), state: 'stale' as const }
    expect(words(late)).toEqual(['Covered from 26 Aug to 01:59:43; nothing newer is known'])
    const unread = covered(1, 0)
    unread.coverage.from = null
    expect(words(unread)).toEqual(['Nothing is known yet'])
  })
})
