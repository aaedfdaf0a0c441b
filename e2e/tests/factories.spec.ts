import type { Page } from '@playwright/test'
import { violations } from '../axe'
import { expect, test } from '../check'
import { World } from '../world'

let world: World

test.beforeAll(async () => {
  // Tokens that end soon, so that a secret that is gone is missed soon.
  world = await World.start({ source: 'nordhem', emulate: ['--token-life=10s'] })
})
test.afterAll(async () => {
  await world?.end()
})

function table(page: Page) {
  return page.getByRole('table', { name: 'Factories', exact: true })
}

function title(page: Page) {
  return page.getByRole('heading', { level: 1 })
}

/** The short id of the busiest factory. */
async function busiest(): Promise<{ factory: string; name: string }> {
  const { items } = (await world.json('/api/v1/factories')) as {
    items: { factory: string; name: string; factoryId: string }[]
  }
  const found = items.find((f) => f.factoryId === world.azure.factories[0])
  if (!found) throw new Error('the board does not know the busiest factory')
  return found
}

test('the page says whether all is fresh, and shows each factory', async ({ page }) => {
  await page.goto(world.url)
  await page.getByRole('link', { name: 'Factories' }).click()
  await expect(page).toHaveURL(/\/factories/)
  const count = world.azure.factories.length
  await expect(title(page)).toHaveText(`All ${count} factories are fresh`)
  await expect(table(page).locator('[data-row]')).toHaveCount(count)
  await expect(table(page).getByText(/^Covered from .* to now$/)).toHaveCount(count)

  const { name, factory } = await busiest()
  await table(page).getByRole('button', { name: /^Runs/ }).click()
  await expect(page).toHaveURL(/order=-runs/)
  await expect(table(page).locator('[data-row]').first()).toContainText(name)
  await table(page).getByRole('link').filter({ hasText: name }).click()
  await expect(page).toHaveURL(new RegExp(`/runs\\?factory=${factory}`))
})

test('a range is read again from the open row, by keyboard', async ({ page }) => {
  test.setTimeout(120_000)
  const { factory, name } = await busiest()
  await page.goto(`${world.url}factories?order=-runs`)
  await expect(table(page).locator('[data-row]').first()).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(new RegExp(`details=${factory}`))
  const details = page.getByRole('region', { name: `Details of ${name}` })
  // What was asked is stored every 30 seconds, and the page reads it again every 15.
  await expect(details.getByRole('table', { name: 'Requests by purpose' })).toContainText('Polls', {
    timeout: 50_000,
  })
  const around = details.getByRole('region', { name: 'Definitions and surroundings' })
  await expect(around.getByText(/^as of/)).toHaveCount(5)
  await around.getByRole('button', { name: /^Read now/ }).press('Enter')
  await expect(around.getByRole('button', { name: /^Reading/ })).toBeVisible()
  await expect(around.getByRole('button', { name: /^Read now/ })).toBeVisible({ timeout: 30_000 })
  await expect(around.getByText(/^as of \d\ss ago$/)).toHaveCount(5)
  await details.getByRole('button', { name: '7 days' }).press('Enter')
  await details.getByRole('button', { name: 'Read again' }).press('Enter')
  const orders = details.getByRole('list', { name: 'Ranges read again' })
  await expect(orders.getByRole('listitem').first()).toContainText(/[1-9]\d* runs read, /)
  await page.goBack()
  await expect(details).toHaveCount(0)
})

test('a source is checked though nothing is wrong', async ({ page }) => {
  await page.goto(`${world.url}factories`)
  await page.getByRole('button', { name: 'Check source nordhem' }).click()
  await expect(page.getByText(/^checked .* everything answers$/)).toBeVisible()
  await page.getByText('What the check found').click()
  await page.getByText('Runs, activities, triggers', { exact: true }).click()
  await expect(page.getByText(/pipeline runs: \d+ runs? /).first()).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in an open row, ${colorScheme}`, async ({ page }) => {
    test.setTimeout(180_000) // three pages, each wholly examined
    await page.emulateMedia({ colorScheme })
    const { factory, name } = await busiest()
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(`${world.url}factories?details=${factory}`)
      await expect(page.getByRole('region', { name: `Details of ${name}` })).toBeVisible()
      expect(await violations(page), `${width} px`).toEqual([])
      expect(await beyond(page), `pixels beyond ${width}`).toBeLessThanOrEqual(0)
    }
  })
}

/** How far the page can be scrolled sideways. */
function beyond(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.body.clientWidth)
}

// The last one: what it breaks is whole again at its end, but its checks are remembered.
test('a secret that is gone has a card with the command, and a check finds it mended', async ({
  page,
}) => {
  test.setTimeout(180_000)
  const { clientId, clientSecret, factories } = world.azure
  const { clientSecret: next } = (await world.control('POST', '/identities/secrets', {
    clientId,
  })) as { clientSecret: string }
  await page.goto(`${world.url}factories`)
  await expect(title(page)).toHaveText(`All ${factories.length} factories are fresh`)

  await world.control('DELETE', '/identities/secrets', {
    clientId,
    hint: clientSecret.slice(0, 3),
  })
  const card = page.getByRole('region', { name: 'Source nordhem' })
  await expect(card.getByRole('heading', { level: 2 })).toContainText('AADSTS7000215', {
    timeout: 60_000,
  })
  await expect(card.locator('code')).toContainText('az ad app credential reset')
  await expect(title(page)).toContainText('None of')
  await expect(page.getByRole('link', { name: /^Factories.*not fresh$/ })).toBeVisible()

  await card.getByRole('button', { name: /^Check/ }).click()
  const token = card.getByRole('listitem').filter({ hasText: /^Token/ })
  await expect(token).toContainText('AADSTS7000215')
  await expect(token).toContainText('Failed')
  await token.locator('summary').click()
  await expect(token.getByText('Asked')).toBeVisible()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [390, 1024, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await violations(page), `${colorScheme}, ${width} px`).toEqual([])
      expect(await beyond(page), `pixels beyond ${width}`).toBeLessThanOrEqual(0)
    }
  }

  await world.giveSecret(next)
  await card.getByRole('button', { name: 'Check again' }).click()
  await expect(card.getByRole('heading', { level: 2 })).toHaveText('nordhem answers again', {
    timeout: 60_000,
  })
  await expect(title(page)).toHaveText(`All ${factories.length} factories are fresh`, {
    timeout: 60_000,
  })
  await card.getByRole('button', { name: 'Close' }).click()
  await expect(card).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Check again source nordhem' })).toBeVisible()
})
