import { expect, test } from '../check'
import { Program } from '../program'

test('the demo lights up and ends with Ctrl-C', async ({ page }) => {
  const demo = new Program(['demo', '--listen=127.0.0.1:0', '--size=3000'])
  const url = (await demo.says(/serving on (\S+)/))[1] ?? ''
  await page.goto(url)
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/needs? attention/i)
  await expect(page.getByRole('heading', { name: 'Running now' })).toBeVisible()
  await page.goto('about:blank')
  expect(await demo.end()).toBe(0)
})
