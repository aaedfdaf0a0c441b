import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { renderPiece } from '../testing/render'
import { LongText } from './long-text'

const lines = Array.from({ length: 40 }, (_, n) => `line ${n}`).join('\n')

it('offers the whole of a text that is cut, and takes it back', async () => {
  vi.spyOn(HTMLElement.prototype, 'scrollHeight', 'get').mockReturnValue(720)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(216)
  renderPiece(<LongText what="message">{lines}</LongText>)
  const text = screen.getByText(/line 39/)
  expect(text.classList.contains('short')).toBe(true)
  await userEvent.click(screen.getByRole('button', { name: 'Whole message', expanded: false }))
  expect(text.classList.contains('short')).toBe(false)
  await userEvent.click(screen.getByRole('button', { name: 'Less of the message', expanded: true }))
  expect(text.classList.contains('short')).toBe(true)
})

it('offers nothing where nothing is cut', () => {
  renderPiece(<LongText what="message">short</LongText>)
  screen.getByText('short')
  expect(screen.queryByRole('button')).toBeNull()
})
