// Applies the chosen theme before the first paint. A file of its own, because the page's policy allows no inline script.
;(() => {
  try {
    const theme = localStorage.getItem('andon-theme')
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  } catch {
    // Storage can be refused by the browser; the system's theme is then used.
  }
})()
