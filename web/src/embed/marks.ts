import { type Outcome, statusWord, type Tone, toneOf } from '../status/status'
import { svg } from './dom'

/** The mark of a run's status and of what became of it, with its word as its name. */
export function mark(status: string, outcome: Outcome | null): Element {
  const word = statusWord(status, outcome)
  const attributes = {
    viewBox: '0 0 16 16',
    width: '16',
    height: '16',
    class: `mark ${toneOf(status, outcome)}`,
    role: 'img',
    'aria-label': word,
  }
  return svg('svg', attributes, ...shapes[toneOf(status, outcome)]())
}

const circle = (r: string) => svg('circle', { cx: '8', cy: '8', r })
const line = (d: string, name = 'line') => svg('path', { d, class: name })
const box = (from: string, side: string, rx: string) =>
  svg('rect', { x: from, y: from, width: side, height: side, rx })
const cross = () => line('M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6')
const outline = () => [box('1.75', '12.5', '2'), cross()]

const shapes: Record<Tone, () => Element[]> = {
  ok: () => [circle('7'), line('M4.9 8.2 7.1 10.4 11.2 5.8')],
  bad: () => [box('1', '14', '2.5'), cross()],
  notRedone: outline,
  recovered: outline,
  underived: outline,
  run: () => [circle('5.75'), line('M8 2.25A5.75 5.75 0 1 1 2.4 9.2')],
  queue: () => [circle('6')],
  off: () => [circle('6.25'), line('M3.9 12.1 12.1 3.9')],
  unknown: () => [
    circle('6.25'),
    line('M6.2 6.4a1.8 1.8 0 1 1 2.6 1.7c-.5.3-.8.6-.8 1.2M8 11.4v.1'),
  ],
}
