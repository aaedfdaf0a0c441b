import { Fragment, memo, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useShortcut } from '../keys/shortcuts'
import { classes } from '../state/classes'
import { narrow, useMedia } from './use-media'
import { useWindowRows } from './use-window-rows'
import styles from './virtual-table.module.css'

export interface Column<Row> {
  id: string
  header: string
  /** CSS width; a column without one takes what is left. */
  width?: string
  align?: 'right'
  cell: (row: Row) => React.ReactNode
  /** Makes the header a button. */
  sort?: {
    /** How the table is sorted by this column now. */
    direction: 'ascending' | 'descending' | 'none'
    onToggle: () => void
  }
  /** The header is for screen readers only, as over a mark. */
  headerHidden?: boolean
  /** Drawn where the header's words would stand; those stay for screen readers. */
  headerDrawn?: React.ReactNode
  /** Stands below the last row. A table in which no column has one has no such line; nor have cards. */
  total?: React.ReactNode
}

/** A row that stands open. */
interface OpenRow<Row> {
  key: string
  /** What is drawn below it, across all columns. */
  draw: (row: Row) => React.ReactNode
}

interface VirtualTableProps<Row> {
  /** What the rows are: "Runs". */
  label: string
  columns: Column<Row>[]
  rows: Row[]
  rowKey: (row: Row) => string
  /** Opens a row: a click beside its links, Enter, or o. */
  onOpen: (row: Row) => void
  /** What stands for a row below 640 px; see Card. */
  card: (row: Row) => React.ReactNode
  /** Without lines between the rows. */
  plain?: boolean
  /** The row with its details below it. */
  opened?: OpenRow<Row> | undefined
  /** How many rows there are in all, when more can be loaded; null when that is not known. */
  total?: number | null
  /** The last rows came into sight. */
  onEnd?: () => void
  /** The pointer or the keyboard is in the rows, or they are scrolled: nothing should move now. */
  onBusyChange?: (busy: boolean) => void
}

const rowHeight = 32
const cardHeight = 57

/**
 * A table that draws only the rows in sight. It scrolls with the page under a sticky head; j, k and the arrows move,
 * Enter opens. Below 640 px its rows are two-line cards.
 */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, rows, rowKey, onOpen, card, opened, plain, total, onEnd, onBusyChange } =
    props
  const asCards = useMedia(narrow)
  const container = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<string | null>(null)
  const openIndex = opened ? rows.findIndex((row) => rowKey(row) === opened.key) : -1
  const [detailsHeight, setDetailsHeight] = useState(0)
  const { items, before, after, scrollTo, scrolled } = useWindowRows({
    container,
    taller: openIndex < 0 ? null : { index: openIndex, by: detailsHeight },
    count: rows.length,
    rowHeight: asCards ? cardHeight : rowHeight,
    keyAt: (index) => keyOf(rows[index], rowKey, index),
  })
  const busy = useBusy(container, scrolled)

  useEffect(() => onBusyChange?.(busy), [busy, onBusyChange])
  const lastShown = items.at(-1)?.index ?? -1
  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - 10) onEnd?.()
  }, [lastShown, rows.length, onEnd])

  const activeIndex = rows.findIndex((row) => rowKey(row) === active)
  const focusWhenDrawn = useFocusWhenDrawn(container)
  const move = (step: number) => {
    const next = activeIndex < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, activeIndex + step))
    const row = rows[next]
    if (!row) return
    setActive(rowKey(row))
    scrollTo(next)
    focusWhenDrawn(rowKey(row))
  }
  const openActive = () => {
    const row = rows[activeIndex]
    if (row) onOpen(row)
  }
  useShortcut('j', 'Next row', () => move(1))
  useShortcut('k', 'Previous row', () => move(-1))
  useShortcut('Enter', 'Open the row', openActive, activeIndex >= 0)

  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined || !isRow(event.target)) return
    event.preventDefault()
    move(step)
  }

  // The row's own callbacks must not change with each drawing, or all rows in sight would be drawn at each scroll.
  const latest = useRef({ onOpen, rowKey })
  useEffect(() => {
    latest.current = { onOpen, rowKey }
  })
  const open = useCallback((row: Row) => latest.current.onOpen(row), [])
  const activate = useCallback((row: Row) => setActive(latest.current.rowKey(row)), [])

  const shown = items.flatMap(({ index, gap }) => {
    const row = rows[index]
    return row === undefined ? [] : [{ row, index, gap, id: rowKey(row) }]
  })
  const reachable = activeIndex >= 0 ? active : (shown[0]?.id ?? null)

  const hasTotals = columns.some((column) => column.total !== undefined)
  const rowCount = (total ?? rows.length) + 1 + (openIndex >= 0 ? 1 : 0) + (hasTotals ? 1 : 0)

  if (asCards) {
    return (
      <div ref={container}>
        <ul
          className={styles.cards}
          aria-label={label}
          style={{ paddingTop: before, paddingBottom: after }}
          onKeyDown={onKeyDown}
        >
          {shown.map(({ row, index, gap, id }) => (
            <CardItem
              key={id}
              gap={gap}
              row={row}
              id={id}
              position={index + 1}
              setSize={total ?? rows.length}
              reachable={id === reachable}
              active={id === active}
              card={card}
              onOpen={open}
              onActivate={activate}
            >
              {index === openIndex && opened && (
                <Details onHeight={setDetailsHeight}>{opened.draw(row)}</Details>
              )}
            </CardItem>
          ))}
        </ul>
      </div>
    )
  }
  return (
    <div ref={container}>
      <table
        className={classes(styles.table, plain && styles.plain)}
        aria-label={label}
        aria-rowcount={total === null ? -1 : rowCount}
        onKeyDown={onKeyDown}
      >
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={column.width ? { width: column.width } : undefined} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Spacer height={before} columns={columns.length} />}
          {shown.map(({ row, index, gap, id }) => (
            <Fragment key={id}>
              {gap > 0 && <Spacer height={gap} columns={columns.length} />}
              <TableRow
                row={row}
                id={id}
                // The details are a row of their own.
                position={openIndex >= 0 && index > openIndex ? index + 3 : index + 2}
                reachable={id === reachable}
                active={id === active}
                columns={columns as Column<unknown>[]}
                onOpen={open as (row: unknown) => void}
                onActivate={activate as (row: unknown) => void}
              />
              {index === openIndex && opened && (
                <tr aria-rowindex={index + 3}>
                  <td className={styles.detailsCell} colSpan={columns.length}>
                    <Details onHeight={setDetailsHeight}>{opened.draw(row)}</Details>
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
          {after > 0 && <Spacer height={after} columns={columns.length} />}
        </tbody>
        {hasTotals && (
          <tfoot className={styles.foot}>
            <tr aria-rowindex={rowCount}>
              {columns.map((column) => (
                <td key={column.id} className={classes(column.align === 'right' && styles.right)}>
                  {column.total}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  )
}

function keyOf<Row>(row: Row | undefined, rowKey: (row: Row) => string, index: number) {
  return row === undefined ? index : rowKey(row)
}

function isRow(target: EventTarget): boolean {
  return target instanceof Element && target.hasAttribute('data-row')
}

/** Whether the pointer or the focus is inside, or its first rows are scrolled away. */
function useBusy(container: React.RefObject<HTMLElement | null>, scrolled: boolean): boolean {
  const [pointed, setPointed] = useState(false)
  const [focused, setFocused] = useState(false)
  useEffect(() => {
    const element = container.current
    if (!element) return
    // A finger leaves no pointer behind, so only what can hover counts.
    const enter = (event: PointerEvent) => setPointed(event.pointerType !== 'touch')
    const leave = () => setPointed(false)
    const focusIn = () => setFocused(true)
    const focusOut = () => setFocused(false)
    element.addEventListener('pointerenter', enter)
    element.addEventListener('pointerleave', leave)
    element.addEventListener('focusin', focusIn)
    element.addEventListener('focusout', focusOut)
    return () => {
      element.removeEventListener('pointerenter', enter)
      element.removeEventListener('pointerleave', leave)
      element.removeEventListener('focusin', focusIn)
      element.removeEventListener('focusout', focusOut)
    }
  }, [container])
  return pointed || focused || scrolled
}

/** Focuses a row by its key once it is drawn: the row that j leads to may still be out of sight. */
function useFocusWhenDrawn(container: React.RefObject<HTMLElement | null>) {
  const wanted = useRef<string | null>(null)
  useEffect(() => {
    if (wanted.current === null) return
    const drawn = container.current?.querySelectorAll<HTMLElement>('[data-row]') ?? []
    const row = [...drawn].find((candidate) => candidate.dataset.row === wanted.current)
    if (!row) return
    wanted.current = null
    row.focus({ preventScroll: true })
  })
  return (id: string) => {
    wanted.current = id
  }
}

function HeaderCell<Row>({ column }: { column: Column<Row> }) {
  const { header, sort, align, headerHidden, headerDrawn } = column
  return (
    <th
      scope="col"
      className={classes(align === 'right' && styles.right)}
      aria-sort={sort && sort.direction !== 'none' ? sort.direction : undefined}
    >
      {sort ? (
        <button type="button" className={styles.sort} onClick={sort.onToggle}>
          {header}
          {sort.direction !== 'none' && (
            <span aria-hidden="true">{sort.direction === 'ascending' ? ' ↑' : ' ↓'}</span>
          )}
        </button>
      ) : (
        <span className={classes((headerHidden || headerDrawn !== undefined) && styles.hidden)}>
          {header}
        </span>
      )}
      {headerDrawn && <div aria-hidden="true">{headerDrawn}</div>}
    </th>
  )
}

/** What stands below an open row. Its height is told, because all rows have to know where they are. */
function Details({
  onHeight,
  children,
}: {
  onHeight: (height: number) => void
  children: React.ReactNode
}) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const measure = () => onHeight(element.offsetHeight)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [onHeight])
  return (
    <div ref={box} className={styles.details} data-details="">
      {children}
    </div>
  )
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    // Hidden, or screen readers would count it as a row.
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it can have the focus
    <tr className={styles.spacer} aria-hidden="true">
      <td colSpan={columns} style={{ height }} />
    </tr>
  )
}

interface RowProps<Row> {
  row: Row
  id: string
  active: boolean
  reachable: boolean
  onOpen: (row: Row) => void
  onActivate: (row: Row) => void
}

const TableRow = memo(function TableRow({
  row,
  id,
  position,
  active,
  reachable,
  columns,
  onOpen,
  onActivate,
}: RowProps<unknown> & { position: number; columns: Column<unknown>[] }) {
  return (
    <tr
      data-row={id}
      tabIndex={reachable ? 0 : -1}
      aria-rowindex={position}
      className={classes(styles.row, active && styles.active)}
      onFocus={() => onActivate(row)}
      onClick={(event) => isBesideControls(event) && onOpen(row)}
    >
      {columns.map((column) => (
        <td key={column.id} className={classes(column.align === 'right' && styles.right)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  )
})

function CardItem<Row>({
  row,
  id,
  active,
  reachable,
  onOpen,
  onActivate,
  gap,
  position,
  setSize,
  card,
  children,
}: RowProps<Row> & {
  /** Room left free above it, in pixels. */
  gap: number
  position: number
  setSize: number
  card: (row: Row) => React.ReactNode
  children: React.ReactNode
}) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles Enter; the link inside does the same for everyone
    <li
      data-row={id}
      tabIndex={reachable ? 0 : -1}
      aria-posinset={position}
      aria-setsize={setSize}
      className={classes(styles.cardItem, active && styles.active)}
      style={gap > 0 ? { marginTop: gap } : undefined}
      onFocus={() => onActivate(row)}
      onClick={(event) => isBesideControls(event) && onOpen(row)}
    >
      {card(row)}
      {children}
    </li>
  )
}

/** A click on a control or in an open row's details is theirs, and one that ends a selection of text is no click. */
function isBesideControls(event: React.MouseEvent): boolean {
  if (event.target instanceof Element && event.target.closest('a, button, input, [data-details]'))
    return false
  return !window.getSelection()?.toString()
}
