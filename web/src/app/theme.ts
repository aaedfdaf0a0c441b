import { useState } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const storageKey = 'andon-theme'
const themes: Theme[] = ['system', 'light', 'dark']

/** The chosen theme and a way to the next. theme.js applies it at the next load, before anything is painted. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(read)
  const next = () => {
    const chosen = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'
    setTheme(chosen)
    write(chosen)
  }
  return [theme, next]
}

function read(): Theme {
  const theme = document.documentElement.dataset.theme
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

function write(theme: Theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  try {
    if (theme === 'system') localStorage.removeItem(storageKey)
    else localStorage.setItem(storageKey, theme)
  } catch {
    // The browser may refuse storage; then the choice lasts until the page is closed.
  }
}
