import { fireEvent, screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { renderPiece } from '../testing/render'
import { sampleTimeline } from '../testing/samples'
import { Histogram } from './histogram'
import { HistogramLegend } from './legend'

const { items } = sampleTimeline([
  { Succeeded: 4 },
  { Succeeded: 2, Failed: 1 },
  {},
  { InProgress: 1 },
])

function renderHistogram() {
  const onSelect = vi.fn()
  const { user } = renderPiece(
    <Histogram buckets={items} label="Runs started" onSelect={onSelect} />,
  )
  const slider = screen.getByRole('slider', { name: 'Runs started' })
  return { user, slider, onSelect }
}

describe('Histogram', () => {
  beforeEach(() => {
    // 44 px of the width are the margin of the guide's label; the rest makes buckets of 100 px.
    vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(444)
  })

  it('says each bucket to whoever moves through it by keyboard', async () => {
    const { user, slider } = renderHistogram()
    slider.focus()
    await user.keyboard('{Home}')
    expect(slider.getAttribute('aria-valuetext')).toContain('18:00 – 18:15: 4 succeeded')
    await user.keyboard('{ArrowRight}')
    expect(slider.getAttribute('aria-valuetext')).toContain('2 succeeded, 1 failed, open')
    await user.keyboard('{End}{ArrowRight}')
    expect(slider.getAttribute('aria-valuenow')).toBe('3')
  })

  it('chooses one bucket with Enter', async () => {
    const { user, slider, onSelect } = renderHistogram()
    slider.focus()
    await user.keyboard('{Home}{ArrowRight}{Enter}')
    expect(onSelect).toHaveBeenCalledExactlyOnceWith({ from: items[1]?.start, to: items[1]?.end })
  })

  it('chooses several with Shift and the arrows', async () => {
    const { user, slider, onSelect } = renderHistogram()
    slider.focus()
    await user.keyboard('{End}{Shift>}{ArrowLeft}{ArrowLeft}{/Shift}{Enter}')
    expect(onSelect).toHaveBeenCalledExactlyOnceWith({ from: items[1]?.start, to: items[3]?.end })
  })

  it('chooses what the pointer was dragged over, in either direction', () => {
    const { slider, onSelect } = renderHistogram()
    fireEvent.pointerDown(slider, { clientX: 250, button: 0 })
    fireEvent.pointerMove(slider, { clientX: 120 })
    fireEvent.pointerUp(slider, { clientX: 120 })
    expect(onSelect).toHaveBeenCalledExactlyOnceWith({ from: items[1]?.start, to: items[2]?.end })
  })

  it('has a table with the same figures for screen readers', () => {
    renderHistogram()
    const rows = within(screen.getByRole('table', { name: 'Runs started' })).getAllByRole('row')
    expect(rows.map((row) => row.lastElementChild?.textContent)).toEqual([
      'Runs',
      '4 succeeded',
      '2 succeeded, 1 failed, open',
      'no runs',
      '1 in progress',
    ])
  })

  it('draws nothing without buckets', () => {
    const { container } = renderPiece(<Histogram buckets={[]} label="x" onSelect={() => {}} />)
    expect(container.textContent).toBe('')
  })
})

describe('HistogramLegend', () => {
  it('sums what the bars show', () => {
    renderPiece(<HistogramLegend buckets={items} />)
    expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual([
      '6 succeeded',
      '1 in progress',
      '1 failed, open',
    ])
  })
})
