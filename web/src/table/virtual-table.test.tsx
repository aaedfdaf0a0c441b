import { act, screen } from '@testing-library/react'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RunRow } from '../api/types'
import { renderPiece } from '../testing/render'
import { sampleRuns } from '../testing/samples'
import { Card } from './card'
import { type Column, VirtualTable } from './virtual-table'

const columns: Column<RunRow>[] = [
  { id: 'id', header: 'Run', cell: (run) => <a href={`/runs/${run.runId}`}>{run.runId}</a> },
  { id: 'pipeline', header: 'Pipeline', cell: (run) => run.pipelineName },
]

function renderTable(
  count: number,
  more: Partial<Parameters<typeof VirtualTable<RunRow>>[0]> = {},
) {
  const onOpen = vi.fn()
  const rendered = renderPiece(
    <VirtualTable
      label="Runs"
      columns={columns}
      rows={sampleRuns(count)}
      rowKey={(run) => run.runId}
      onOpen={onOpen}
      card={(run) => <Card mark="m" title={run.runId} end="e" note="n" noteEnd="t" />}
      {...more}
    />,
  )
  return { ...rendered, onOpen }
}

function bodyRows(): HTMLElement[] {
  return screen.getAllByRole('row').filter((row) => row.hasAttribute('data-row'))
}

/** How high all rows are together, with the room for those that are not drawn. */
function heightOf(width: number): number {
  const pixels = (text: string) => Number.parseFloat(text) || 0
  if (width < 640) {
    const list = screen.getByRole('list')
    const items = [...list.children] as HTMLElement[]
    const room = items.reduce((sum, item) => sum + pixels(item.style.marginTop), 0)
    const { paddingTop, paddingBottom } = list.style
    return room + pixels(paddingTop) + pixels(paddingBottom) + 57 * items.length
  }
  const cells = [...document.querySelectorAll<HTMLElement>('tbody td[style]')]
  const room = cells.reduce((sum, cell) => sum + pixels(cell.style.height), 0)
  return room + 32 * bodyRows().length
}

describe('VirtualTable', () => {
  it('draws only the rows in sight, and says how many there are', () => {
    renderTable(100_000)
    expect(bodyRows().length).toBeGreaterThan(10)
    expect(bodyRows().length).toBeLessThan(80)
    expect(screen.getByRole('table', { name: 'Runs' }).getAttribute('aria-rowcount')).toBe('100001')
  })

  it('says that it does not know how many there are', () => {
    renderTable(3, { total: null })
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('-1')
  })

  it('moves by j, k and the arrows, and opens with Enter', async () => {
    const { user, onOpen } = renderTable(5)
    await user.keyboard('jjj')
    expect(document.activeElement).toBe(bodyRows()[2])
    await user.keyboard('k{ArrowDown}{ArrowDown}{ArrowUp}{Enter}')
    expect(onOpen.mock.calls.map(([run]) => run.runId)).toEqual([sampleRuns(5)[2]?.runId])
  })

  it('stops at the first and the last row', async () => {
    const { user } = renderTable(2)
    await user.keyboard('jjjj')
    expect(document.activeElement).toBe(bodyRows()[1])
    await user.keyboard('kkkk')
    expect(document.activeElement).toBe(bodyRows()[0])
  })

  it('is one tab stop', () => {
    renderTable(5)
    expect(bodyRows().map((row) => row.tabIndex)).toEqual([0, -1, -1, -1, -1])
  })

  it('opens a row that is clicked beside its links', async () => {
    const { user, onOpen } = renderTable(3)
    await user.click(screen.getAllByText('pl_load_orders')[1] ?? document.body)
    expect(onOpen).toHaveBeenCalledTimes(1)
  })

  it('leaves a click on a link to the link', async () => {
    const { user, onOpen } = renderTable(3)
    const link = screen.getAllByRole('link')[0] ?? document.body
    link.addEventListener('click', (event) => event.preventDefault())
    await user.click(link)
    expect(onOpen).not.toHaveBeenCalled()
  })

  it('asks for more when its end comes into sight', () => {
    const onEnd = vi.fn()
    renderTable(1_000, { onEnd })
    expect(onEnd).not.toHaveBeenCalled()
    renderTable(5, { onEnd })
    expect(onEnd).toHaveBeenCalled()
  })

  it('is busy while the pointer or the focus is in it', async () => {
    const onBusyChange = vi.fn()
    const { user } = renderTable(3, { onBusyChange })
    await user.hover(bodyRows()[0] ?? document.body)
    expect(onBusyChange).toHaveBeenLastCalledWith(true)
    await user.unhover(bodyRows()[0] ?? document.body)
    expect(onBusyChange).toHaveBeenLastCalledWith(false)
    await user.keyboard('j')
    expect(onBusyChange).toHaveBeenLastCalledWith(true)
  })

  it('sorts by a header, and says how it is sorted', async () => {
    const onToggle = vi.fn()
    const sort = { direction: 'descending' as const, onToggle }
    const { user } = renderTable(1, {
      columns: [{ id: 'start', header: 'Start', cell: () => 'x', sort }],
    })
    expect(screen.getByRole('columnheader').getAttribute('aria-sort')).toBe('descending')
    await user.click(screen.getByRole('button', { name: /Start/ }))
    expect(onToggle).toHaveBeenCalledTimes(1)
  })

  it('is a list of cards below 640 px', async () => {
    window.innerWidth = 390
    const { user, onOpen } = renderTable(3)
    expect(screen.queryByRole('table')).toBeNull()
    expect(screen.getAllByRole('listitem')).toHaveLength(3)
    await user.keyboard('j{Enter}')
    expect(onOpen).toHaveBeenCalledTimes(1)
  })

  it('draws the details of the open row as a row of their own, in which clicks are theirs', async () => {
    const rows = sampleRuns(3)
    const key = rows[1]?.runId ?? ''
    const opened = { key, draw: (run: RunRow) => <p>About {run.runId}</p> }
    const { user, onOpen } = renderTable(3, { opened })
    const details = screen.getByText(`About ${key}`)
    const all = screen.getAllByRole('row')
    expect(all.map((row) => row.getAttribute('aria-rowindex'))).toEqual(['1', '2', '3', '4', '5'])
    expect(all[3]?.contains(details)).toBe(true)
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('5')
    await user.click(details)
    expect(onOpen).not.toHaveBeenCalled()
  })

  it.each([
    [1440, 3],
    [1440, 900],
    [390, 3],
  ])(
    'keeps what is in the details while they are out of sight, %d px wide, row %d',
    async (width, at) => {
      window.innerWidth = width
      const rows = sampleRuns(1_000)
      const opened = {
        key: rows[at]?.runId ?? '',
        draw: () => <input aria-label="From" defaultValue="" />,
      }
      const { user } = renderTable(1_000, { opened })
      const scrollTo = (y: number) => {
        window.scrollY = y
        act(() => void window.dispatchEvent(new Event('scroll')))
      }
      onTestFinished(() => scrollTo(0))
      const field = screen.getByLabelText('From')
      await user.type(field, 'typed')
      const whole = heightOf(width)
      scrollTo(15_000)
      expect(screen.getByLabelText('From')).toBe(field)
      expect(document.activeElement).toBe(field)
      expect(heightOf(width), 'nothing moves').toBe(whole)
      const inSight = Math.floor(15_000 / (width < 640 ? 57 : 32))
      expect(screen.getByText(rows[inSight]?.runId ?? '')).toBeTruthy()
    },
  )

  it('has a last line where a column has a total', () => {
    const total = columns.map((column, n) => (n === 0 ? { ...column, total: 'three' } : column))
    renderTable(3, { columns: total })
    expect(screen.getAllByRole('row').at(-1)?.textContent).toBe('three')
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('5')
  })
})
