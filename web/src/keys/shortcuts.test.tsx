import { screen } from '@testing-library/react'
import { describe, expect, it, vi } from 'vitest'
import { renderPiece } from '../testing/render'
import { useShellShortcut, useShortcut, useShortcutList } from './shortcuts'

function Keys({ bindings }: { bindings: [string, () => void][] }) {
  return bindings.map(([keys, run], index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the same key may be bound twice
    <Key key={index} keys={keys} run={run} />
  ))
}

function Key({ keys, run }: { keys: string; run: () => void }) {
  useShortcut(keys, `does ${keys}`, run)
  return null
}

function List() {
  return <output>{useShortcutList().map(({ keys }) => `${keys};`)}</output>
}

function Shell({ run, children }: { run: () => void; children?: React.ReactNode }) {
  useShellShortcut('/', 'find', run)
  return children
}

describe('useShortcut', () => {
  it('gives a key of the shell to the page inside, though that registers first', async () => {
    const [shell, page] = [vi.fn(), vi.fn()]
    const { user, rerender } = renderPiece(
      <Shell run={shell}>
        <Key keys="/" run={page} />
      </Shell>,
    )
    await user.keyboard('/')
    rerender(<Shell run={shell} />)
    await user.keyboard('/')
    expect([shell, page].map((f) => f.mock.calls.length)).toEqual([1, 1])
  })

  it('runs for a key, a sequence, and a key with Ctrl', async () => {
    const [j, go, k] = [vi.fn(), vi.fn(), vi.fn()]
    const { user } = renderPiece(
      <Keys
        bindings={[
          ['j', j],
          ['g o', go],
          ['mod+k', k],
        ]}
      />,
    )
    await user.keyboard('j')
    await user.keyboard('go')
    await user.keyboard('{Control>}k{/Control}')
    expect([j, go, k].map((f) => f.mock.calls.length)).toEqual([1, 1, 1])
  })

  it('does not take the second key of a sequence alone', async () => {
    const go = vi.fn()
    const { user } = renderPiece(<Keys bindings={[['g o', go]]} />)
    await user.keyboard('o')
    await user.keyboard('gxo')
    expect(go).not.toHaveBeenCalled()
  })

  it('gives a key to the last that registered it, and back when that is gone', async () => {
    const [shell, page] = [vi.fn(), vi.fn()]
    const both: [string, () => void][] = [
      ['/', shell],
      ['/', page],
    ]
    const { user, rerender } = renderPiece(<Keys bindings={both} />)
    await user.keyboard('/')
    rerender(<Keys bindings={both.slice(0, 1)} />)
    await user.keyboard('/')
    expect([shell, page].map((f) => f.mock.calls.length)).toEqual([1, 1])
  })

  it('leaves letters to fields, but not a key with Ctrl', async () => {
    const [j, k] = [vi.fn(), vi.fn()]
    const { user } = renderPiece(
      <>
        <input aria-label="text" />
        <Keys
          bindings={[
            ['j', j],
            ['mod+k', k],
          ]}
        />
      </>,
    )
    await user.type(screen.getByLabelText('text'), 'j{Control>}k{/Control}')
    expect([j, k].map((f) => f.mock.calls.length)).toEqual([0, 1])
  })

  it('leaves Enter to a button that has the focus', async () => {
    const [open, press] = [vi.fn(), vi.fn()]
    const { user } = renderPiece(
      <>
        <button type="button" onClick={press}>
          press
        </button>
        <Keys bindings={[['Enter', open]]} />
      </>,
    )
    screen.getByRole('button').focus()
    await user.keyboard('{Enter}')
    expect([open, press].map((f) => f.mock.calls.length)).toEqual([0, 1])
  })

  it('lists each key that works now once', () => {
    renderPiece(
      <>
        <Keys
          bindings={[
            ['j', () => {}],
            ['/', () => {}],
            ['/', () => {}],
          ]}
        />
        <List />
      </>,
    )
    expect(screen.getByRole('status').textContent).toBe('j;/;')
  })
})
