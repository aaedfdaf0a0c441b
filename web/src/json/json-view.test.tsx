import { screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { renderPiece } from '../testing/render'
import { JsonView } from './json-view'

describe('JsonView', () => {
  it('shows every kind of value as JSON writes it', () => {
    const value = { text: 'a "b"\n', number: 1.5, yes: true, nothing: null, list: [], object: {} }
    const { container } = renderPiece(<JsonView value={value} name="value" />)
    expect(container.textContent).toContain('"text": "a \\"b\\"\\n"')
    expect(container.textContent).toContain('"number": 1.5')
    expect(container.textContent).toContain('"nothing": null')
    expect(container.textContent).toContain('"list": []')
    expect(container.textContent).toContain('"object": {}')
  })

  it('says what stands in the place of a secret, and only then', () => {
    const note = 'stands for what looked like a secret'
    const hidden = renderPiece(<JsonView value={{ a: ['Pwd=<redacted>;'] }} name="value" />)
    expect(hidden.container.textContent).toContain(note)
    const open = renderPiece(<JsonView value={{ a: ['Pwd='] }} name="value" />)
    expect(open.container.textContent).not.toContain(note)
  })

  it('folds what lies deeper, and opens it on demand', async () => {
    const value = { a: { b: { c: 'deep' } } }
    const { user, container } = renderPiece(<JsonView value={value} name="value" open={1} />)
    expect(container.textContent).not.toContain('deep')
    await user.click(screen.getByRole('button', { name: 'a, 1 member' }))
    await user.click(screen.getByRole('button', { name: 'b, 1 member' }))
    expect(container.textContent).toContain('"c": "deep"')
    await user.click(screen.getByRole('button', { name: 'a, 1 member' }))
    expect(container.textContent).not.toContain('deep')
  })

  it('draws a long list a hundred items at a time', async () => {
    const value = Array.from({ length: 250 }, (_, index) => `item${index}`)
    const { user, container } = renderPiece(<JsonView value={value} name="value" />)
    expect(container.textContent).not.toContain('item100')
    await user.click(screen.getByRole('button', { name: '150 more' }))
    expect(container.textContent).toContain('item199')
    expect(container.textContent).not.toContain('item200')
  })

  it('copies the whole, whatever is folded', async () => {
    const { user } = renderPiece(<JsonView value={{ a: { b: 1 } }} name="raw run" open={0} />)
    await user.click(screen.getByRole('button', { name: 'Copy raw run' }))
    expect(await navigator.clipboard.readText()).toBe('{\n  "a": {\n    "b": 1\n  }\n}')
  })

  it('never takes text for markup', () => {
    const { container } = renderPiece(<JsonView value={'<img src=x onerror=alert(1)>'} name="x" />)
    expect(container.querySelector('img')).toBeNull()
    expect(container.textContent).toContain('<img src=x onerror=alert(1)>')
  })
})
