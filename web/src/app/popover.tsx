import { Popover as Base } from '@base-ui/react/popover'
import type { ReactElement } from 'react'
import styles from './popover.module.css'

interface PopoverProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** The button that opens it. */
  trigger: ReactElement<Record<string, unknown>>
  /** Its name, which stands at its top. */
  title: string
  align?: 'start' | 'end'
  children: React.ReactNode
}

/** A panel that hangs from a button of the header. */
export function Popover({ open, onOpenChange, trigger, title, align, children }: PopoverProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align={align ?? 'start'}>
          <Base.Popup className={styles.popup}>
            <Base.Title className={styles.title}>{title}</Base.Title>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
