import { test as base, expect, type Page } from '@playwright/test'

/** A page whose console must stay free of errors, and whose policy must hold. */
export const test = base.extend<{ quiet: string[] }>({
  quiet: [
    async ({ page }, use) => {
      const errors = watch(page)
      await use(errors)
      expect(errors, 'errors in the browser console').toEqual([])
    },
    { auto: true },
  ],
})

/** Collects what the console reports as an error. A test that causes one on purpose empties the list. */
function watch(page: Page): string[] {
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  return errors
}

export { expect }
