import { useRouteContext, useRouterState } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../state/button'
import { EmptyState } from '../state/panels'
import styles from './left-out.module.css'

/** Says above the page what of its link could not be used, and what is allowed instead, until the address changes. */
export function LeftOutNotice() {
  const { leftOut } = useRouteContext({ from: '__root__' })
  const [open, setOpen] = useState(leftOut.length > 0)
  // Undefined until the first page is there; by then the router has taken out of the address what cannot be used.
  const address = useRouterState({
    select: ({ resolvedLocation: at }) => at && at.pathname + at.searchStr,
  })
  const [first, setFirst] = useState(address)
  if (first === undefined && address !== undefined) setFirst(address)
  if (open && first !== undefined && address !== first) setOpen(false)
  if (!open) return null
  return (
    <div className={styles.leftOut} role="status">
      <EmptyState
        title="Part of this link cannot be used"
        actions={
          <Button size="small" onClick={() => setOpen(false)}>
            Close
          </Button>
        }
      >
        {leftOut.map(({ name, value, allowed }) => (
          <p key={`${name}=${value}`}>
            {name} can’t be “{value}”. Allowed: {allowed}.
          </p>
        ))}
        <p>The page shows what the rest of the link asks for.</p>
      </EmptyState>
    </div>
  )
}
