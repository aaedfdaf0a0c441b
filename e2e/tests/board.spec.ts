import type { Page } from '@playwright/test'
import { violations } from '../axe'
import { expect, test } from '../check'
import { World } from '../world'

let world: World

test.beforeAll(async () => {
  world = await World.start()
})
test.afterAll(async () => {
  await world?.end()
})

const message =
  "Operation on target cp_gulls failed: ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=Cannot connect to the albatross database.,Source=Microsoft.DataTransfer.Connectors.MSSQL,'"

function row(page: Page, name: string) {
  return page
    .getByRole('table', { name: 'Runs', exact: true })
    .getByRole('row')
    .filter({ hasText: name })
}

test('a run that fails appears by itself, is found, and says why', async ({ page }) => {
  await page.goto(`${world.url}runs`)
  await expect(page.getByRole('table', { name: 'Runs', exact: true })).toBeVisible()

  // Poll interval (1 s) + 1 s after it has failed.
  await world.happens({
    pipelineName: 'pl_albatross',
    status: 'Failed',
    message,
    durationInMs: 300,
  })
  const failed = row(page, 'pl_albatross').filter({
    has: page.getByRole('img', { name: 'Failed' }),
  })
  await expect(failed).toBeVisible({ timeout: 300 + 1_000 + 1_000 })
  await expect(failed).toContainText('Cannot connect to the albatross database')

  await page.keyboard.press('/')
  await page.keyboard.type('albatross')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/q=albatross/)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^1 run/)
  await row(page, 'pl_albatross').getByRole('link', { name: 'pl_albatross' }).click()

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('pl_albatross failed')
  await expect(page.getByText('Failing: no later run of its series')).toBeVisible()
  await expect(page.locator('pre').first()).toHaveText(message)
  await expect(page.getByRole('list', { name: 'Activities, in order of start' })).toBeVisible()

  // A later success recovers it, in the open page.
  await world.happens({ pipelineName: 'pl_albatross', status: 'Succeeded', durationInMs: 200 })
  await expect(page.getByText(/Recovered by/)).toBeVisible()
})

test('the overview says what is open and what runs, and follows', async ({ page }) => {
  await page.goto(world.url)
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/need/)
  await world.happens({ pipelineName: 'pl_penguin', status: 'Failed', message, durationInMs: 200 })
  await expect(page.getByRole('link', { name: 'pl_penguin' }).first()).toBeVisible()
  await page.getByRole('link', { name: 'Show all open failures' }).first().click()
  await expect(page).toHaveURL(/recovery=open/)
})

test('new runs wait while somebody reads the list', async ({ page }) => {
  await page.goto(`${world.url}runs?pipeline=pl_heron`)
  await expect(page.getByText('No run in this time range matches')).toBeVisible()
  await world.happens({ pipelineName: 'pl_heron', status: 'Succeeded', durationInMs: 100 })
  await expect(row(page, 'pl_heron')).toHaveCount(1)
  await row(page, 'pl_heron').hover()
  await world.happens({ pipelineName: 'pl_heron', status: 'Succeeded', durationInMs: 100 })
  const pill = page.getByRole('button', { name: '1 new' })
  await expect(pill).toBeVisible()
  await expect(row(page, 'pl_heron')).toHaveCount(1)
  await pill.click()
  await expect(row(page, 'pl_heron')).toHaveCount(2)
})

test('filters stand in the address, and Back takes them off', async ({ page }) => {
  await page.goto(`${world.url}runs`)
  await page.getByRole('checkbox', { name: /^Failed/ }).check()
  await expect(page).toHaveURL(/status=Failed/)
  await page.getByRole('checkbox', { name: /^Manual/ }).check()
  await expect(page).toHaveURL(/invokedBy=Manual/)
  await expect(page.getByText('invoked by', { exact: true })).toBeVisible()
  await page.goBack()
  await expect(page).not.toHaveURL(/invokedBy/)
  await page.getByRole('button', { name: /Remove filter status/ }).click()
  await expect(page).not.toHaveURL(/status/)
  await page.getByRole('button', { name: /^Duration/ }).click()
  await expect(page).toHaveURL(/sort=-durationInMs/)
  await page.reload()
  await expect(page.getByRole('columnheader', { name: /Duration/ })).toHaveAttribute(
    'aria-sort',
    'descending',
  )
})

test('the keyboard is enough', async ({ page }) => {
  await page.goto(world.url)
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/need/)
  await page.keyboard.press('g')
  await page.keyboard.press('r')
  await expect(page).toHaveURL(/\/runs/)
  await expect(page.getByRole('table', { name: 'Runs', exact: true })).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}/)
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('overview') // at once: nothing of it may be lost
  await expect(page.getByRole('combobox')).toHaveValue('overview')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(world.url)
})

test('one panel can fail and the rest lives', async ({ page, quiet }) => {
  await page.route('**/api/v1/timeline*', (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({ title: 'Not available', status: 503, detail: 'The disk is full.' }),
    }),
  )
  await page.goto(world.url)
  await expect(page.getByRole('alert')).toContainText('The disk is full.')
  await expect(page.getByRole('heading', { name: 'Open problems' })).toBeVisible()
  await page.unroute('**/api/v1/timeline*')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
  quiet.length = 0
})

test('an unknown run says so and how far history reaches', async ({ page, quiet }) => {
  await page.goto(`${world.url}runs/00000000-0000-0000-0000-000000000000`)
  await expect(page.getByText("There is no such run in Andon's history")).toBeVisible()
  quiet.length = 0
})

test('the policy allows nothing inline and nobody may frame the board', async ({
  page,
  request,
}) => {
  for (const path of ['', 'runs', 'embed/runs']) {
    const policy = (await request.get(world.url + path)).headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
  }
  await page.goto(world.url)
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/need/)
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1440, 1024, 390]) {
    test(`axe finds nothing, ${colorScheme}, ${width} px`, async ({ page, quiet }) => {
      test.setTimeout(180_000) // twelve pages, each wholly examined
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      const failed = (await world.json('/api/v1/runs?status=Failed&limit=1')) as {
        items: { runId: string }[]
      }
      const run = `runs/${failed.items[0]?.runId}`
      const pages = ['', 'runs', 'runs?status=Failed&q=nothing-is-called-so', run, 'factories']
      const tabs = ['parameters', 'group', 'children', 'raw'].map((tab) => `${run}?tab=${tab}`)
      for (const path of [...pages, ...tabs, 'embed/runs', 'no/such/page', 'runs/none']) {
        await page.goto(world.url + path)
        await settled(page)
        expect(await violations(page), path).toEqual([])
        if (path.startsWith('embed')) continue
        await expect(page.locator('main')).toHaveCount(1)
        await expect(page.locator('h1')).toHaveCount(1)
      }
      // The unknown run is a 404 that the browser reports; nothing else may.
      expect(quiet.filter((error) => !/404/.test(error))).toEqual([])
      quiet.length = 0
    })
  }
}

test('no page scrolls sideways, from 1920 to 320 px', async ({ page }) => {
  const failed = (await world.json('/api/v1/runs?status=Failed&limit=1')) as {
    items: { runId: string }[]
  }
  for (const path of [
    '',
    'runs',
    'runs?status=Failed',
    `runs/${failed.items[0]?.runId}`,
    'factories',
  ]) {
    await page.goto(world.url + path)
    await settled(page)
    for (const width of [1920, 1280, 1200, 1100, 1024, 1023, 900, 768, 640, 390, 320]) {
      await page.setViewportSize({ width, height: 900 })
      const beyond = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.body.clientWidth)
      await expect.poll(beyond, `pixels beyond ${width} on /${path}`).toBeLessThanOrEqual(0)
    }
  }
})

test('the times of other days stand there whole', async ({ page }) => {
  await page.goto(`${world.url}runs?range=30d&sort=runStart`)
  const times = page.getByRole('table', { name: 'Runs', exact: true }).locator('td:has(> time)')
  await expect(times.first()).toContainText(/\w{3}\s\d{1,2}\s\w{3}\s\d\d:\d\d/)
  for (const width of [1440, 1200, 1024, 800]) {
    await page.setViewportSize({ width, height: 900 })
    const cut = () =>
      times.evaluateAll((cells) => cells.filter((c) => c.scrollWidth > c.clientWidth).length)
    await expect.poll(cut, `cut times at ${width}`).toBe(0)
  }
})

/** Waits until nothing on the page is loading any more. */
async function settled(page: Page) {
  await page.waitForLoadState('networkidle').catch(() => undefined)
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
}
