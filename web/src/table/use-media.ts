import { useCallback, useSyncExternalStore } from 'react'

/** Whether a media query holds, kept up to date. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (onChange: () => void) => {
      const media = window.matchMedia(query)
      media.addEventListener('change', onChange)
      return () => media.removeEventListener('change', onChange)
    },
    [query],
  )
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches)
}

/** Below this width tables are cards. */
export const narrow = '(max-width: 767px)'
/** Below this width a panel beside a table is shown on demand. */
export const withoutPanel = '(max-width: 1199px)'
/** Below this width the rail is a sheet. */
export const withoutRail = '(max-width: 1023px)'
