import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { Scope } from './schema'

/** The shared part of the URL: factories, time range, zone. */
export function useScope(): Scope {
  return useSearch({ from: '__root__' })
}

/** Changes the shared part of the URL and leaves the rest; a field set to undefined is taken away. */
export function useSetScope(): (change: Partial<Scope>) => void {
  const navigate = useNavigate()
  return useCallback(
    (change) => {
      void navigate({ to: '.', search: (before) => ({ ...before, ...change }), resetScroll: false })
    },
    [navigate],
  )
}

/** The fields of a range, each set, so that choosing one kind takes the other away. */
export function rangeChange(range: Partial<Pick<Scope, 'range' | 'from' | 'to'>>): Partial<Scope> {
  return { range: range.range, from: range.from, to: range.to }
}
