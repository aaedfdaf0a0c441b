import { defaultRangeExtractor, type Range, useWindowVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'

interface WindowRowsOptions {
  container: RefObject<HTMLElement | null>
  count: number
  /** In pixels, the same for all rows. */
  rowHeight: number
  /** The one row that is higher, and by how many pixels. It is drawn wherever the page is scrolled to: what is in it lasts. */
  taller?: { index: number; by: number } | null
  keyAt: (index: number) => string | number
}

// The sticky header and the table's own head cover this much of the window.
const covered = 48 + 28

/** Which rows are to be drawn when the page itself scrolls, and how much room the others need. */
export function useWindowRows({
  container,
  count,
  rowHeight,
  taller = null,
  keyAt,
}: WindowRowsOptions) {
  const top = useTop(container)
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: (index) => (index === taller?.index ? rowHeight + taller.by : rowHeight),
    getItemKey: keyAt,
    overscan: 10,
    scrollMargin: top,
    scrollPaddingStart: covered,
    scrollPaddingEnd: rowHeight,
    rangeExtractor: useRangeWith(taller?.index),
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew just when a height changes
  useLayoutEffect(() => virtualizer.measure(), [rowHeight, taller?.index, taller?.by])

  const drawn = virtualizer.getVirtualItems()
  const first = drawn[0]
  const last = drawn.at(-1)
  return {
    items: drawn.map(({ index, start }, n) => ({
      index,
      /** The room of the rows that are left out between the one drawn before and this. */
      gap: start - (drawn[n - 1]?.end ?? start),
    })),
    before: first ? first.start - top : 0,
    after: last ? virtualizer.getTotalSize() - (last.end - top) : 0,
    scrollTo: (index: number) => virtualizer.scrollToIndex(index, { align: 'auto' }),
    scrolled: (virtualizer.scrollOffset ?? 0) > top,
  }
}

/** The rows in sight and a few around them, and this one. */
function useRangeWith(kept: number | undefined): (range: Range) => number[] {
  return useCallback(
    (range) => {
      const indexes = defaultRangeExtractor(range)
      if (kept === undefined || kept >= range.count || indexes.includes(kept)) return indexes
      return [...indexes, kept].sort((a, b) => a - b)
    },
    [kept],
  )
}

/** How far below the top of the document the rows begin. */
function useTop(container: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    const measure = () => {
      const element = container.current
      if (element) setTop(Math.round(element.getBoundingClientRect().top + window.scrollY))
    }
    measure()
    // Whatever grows above the rows changes the height of the page.
    const observer = new ResizeObserver(measure)
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [container])
  return top
}
