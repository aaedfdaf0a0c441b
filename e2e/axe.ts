import type { Page } from '@playwright/test'
import axe from 'axe-core'

/** Runs axe with its default rules, best practices included, and gives each violation as one readable line. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated through the debugging protocol, which the page's own policy does not (and need not) allow.
  await page.evaluate(axe.source)
  const result = await page.evaluate(async () => {
    const found = await (window as unknown as { axe: typeof axe }).axe.run()
    return found.violations.map(
      (v) =>
        `${v.impact} ${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ')}`,
    )
  })
  return result
}
