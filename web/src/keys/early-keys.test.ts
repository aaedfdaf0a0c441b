import { afterEach, expect, it, vi } from 'vitest'
import { EarlyKeys } from './early-keys'

const early = new EarlyKeys()
const press = (key: string, more: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent('keydown', { key, cancelable: true, bubbles: true, ...more })
  document.body.dispatchEvent(event)
  return event
}
afterEach(() => void early.take())

it('keeps letters from the start to the taking, and nobody else sees them', () => {
  const others = vi.fn()
  document.addEventListener('keydown', others)
  early.start()
  for (const key of ['g', 'r', 'x', 'Backspace', 'é']) press(key)
  expect(others).not.toHaveBeenCalled()
  expect(early.take()).toBe('gré')
  press('a')
  expect(others).toHaveBeenCalledTimes(1)
  expect(early.take()).toBe('')
  document.removeEventListener('keydown', others)
})

it('leaves keys that are no letters, and those with modifiers, alone', () => {
  early.start()
  for (const key of ['Escape', 'Tab', 'ArrowDown']) {
    expect(press(key).defaultPrevented).toBe(false)
  }
  expect(press('r', { ctrlKey: true }).defaultPrevented).toBe(false)
  expect(early.take()).toBe('')
})

it('begins anew', () => {
  early.start()
  press('a')
  early.start()
  press('b')
  expect(early.take()).toBe('b')
})

it('ends with Escape: who gives up wants the keys back', () => {
  early.start()
  press('a')
  press('Escape')
  expect(press('b').defaultPrevented).toBe(false)
  expect(early.take()).toBe('')
})
