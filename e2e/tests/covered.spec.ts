import type { Page } from '@playwright/test'
import { violations } from '../axe'
import { expect, test } from '../check'
import { type FactoryState, World } from '../world'

// Each situation in which something is not known. No page may claim it: no "All clear", no zero, no share, no tick.

interface Situation {
  world: () => Promise<World>
  /** What happens to the world before the pages are looked at. */
  afterwards?: (world: World) => Promise<unknown>
  /** Appended to each page's address. */
  search?: string
  /** What the overview's headline is, and words that its page has. */
  headline: RegExp
  words?: RegExp[]
  /** What the headline of the runs begins with. */
  runs: RegExp
  header?: RegExp
  /** How far the browser's clock is ahead, as Azure's is, in milliseconds. */
  ahead?: number
  /** Everything is covered: then zeros and ticks are true. */
  covered?: boolean
  /** Only the range is not covered; the page of factories is not about it. */
  ofRange?: boolean
}

const hour = 3_600_000

/** Rows as az gives them, of January 2025. */
function oldRuns(count: number): string {
  const rows = Array.from({ length: count }, (_, n) => {
    const start = Date.parse('2025-01-03T02:00:00Z') + n * hour
    return {
      runId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
      pipelineName: 'pl_old',
      status: 'Succeeded',
      runStart: new Date(start).toISOString(),
      runEnd: new Date(start + 60_000).toISOString(),
      durationInMs: 60_000,
      lastUpdated: new Date(start + 60_000).toISOString(),
    }
  })
  return JSON.stringify({ value: rows })
}

const oldFactory =
  '/subscriptions/5b0e2c14-77d9-4f0b-8a1e-2f6a90c3d7e1/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-old-prod'

const situations: Record<string, Situation> = {
  'no-role': {
    world: () => World.start({ identity: 'holds no role at all', size: 500, filled: false }),
    headline: /^No factory can be read: nothing is known yet$/,
    words: [/the identity sees no subscription/],
    runs: /^No factory can be read: no run is known$/,
  },
  'one-of-five': {
    world: () =>
      World.start({
        identity: 'may read every factory but not query its runs',
        size: 2000,
        filled: false,
      }),
    afterwards: async (world) => {
      await world.control('POST', '/roles/assignments', {
        clientId: world.azure.clientId,
        role: 'ADF Run Monitor',
        scope: world.azure.factories[0],
      })
      await world.until((f) => f.filter((one) => one.neverRead).length === 4 && f.some(isFresh))
    },
    headline: /^1 of 5 factories can be read: /,
    words: [
      /Nothing is known about adf-/,
      /4 factories: the identity may not/,
      /One script of 5 commands fixes all/,
      /4 factories are not part of this list/,
      /\d+ of \d+ finished runs succeeded\./,
    ],
    runs: /^1 of 5 factories can be read: [\d,]+ known runs/,
    header: /4 never read/,
  },
  filling: {
    // Each answer takes 20 seconds, and history needs many one after the other.
    world: () =>
      World.start({
        size: 2000,
        filled: false,
        serve: ['--poll=20s'],
        prepare: (control) =>
          control('POST', '/faults', { call: 'queryPipelineRuns', fault: 'slow', delay: '20s' }),
      }),
    afterwards: (world) =>
      world.until((f) => f.length === 5 && f.some((one) => one.coverage.from !== null)),
    headline: /^History is still being read: /,
    runs: /^History is still being read: /,
  },
  'import-only': {
    world: () => World.imported(oldRuns(85), oldFactory),
    headline: /^Only imported runs are here: no run is known in the last 24\sh$/,
    words: [/What is known about adf-old-prod was imported/],
    runs: /^Only imported runs are here: no run is known$/,
    header: /imported only/,
  },
  'import-only-all-history': {
    world: () => World.imported(oldRuns(85), oldFactory),
    search: '?range=all',
    headline: /^Only imported runs are here: /,
    runs: /^Only imported runs are here: 85 known runs$/,
    header: /imported only/,
  },
  'collecting-off': {
    world: () => World.start({ size: 2000 }),
    afterwards: (world) => world.restart(['--no-collect']),
    headline: /^Collecting is off: /,
    words: [/No data since \d\d:\d\d:\d\d/],
    runs: /^Collecting is off: /,
    header: /not collected/,
  },
  'older-than-history': {
    world: () => World.start({ size: 500 }),
    search: '?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z',
    headline:
      /^This time range is older than the history here: \d+ pipelines? needs? attention now/,
    words: [/History begins on/],
    ofRange: true,
    runs: /^This time range is older than the history here: no run is known$/,
  },
  stale: {
    world: () => World.start({ size: 2000 }),
    afterwards: async (world) => {
      const factory = world.azure.factories[1]
      await world.control('POST', '/faults', { call: 'queryPipelineRuns', factory, fault: '503' })
      await world.control('POST', '/clock', { advance: '1h' })
      await world.until(
        (f) =>
          f.some((one) => one.factoryId === factory && one.state === 'stale') &&
          f.filter(isFresh).length === 4,
      )
    },
    headline: /^4 of 5 factories are up to date: /,
    words: [/: no data since \d\d:\d\d:\d\d/],
    runs: /^4 of 5 factories are up to date: /,
    header: /1 stale/,
    ahead: hour,
  },
  'nothing-ran': {
    world: () => World.start({ emulate: ['--scenario=quiet'] }),
    headline: /^Nothing ran in the last 24\sh$/,
    words: [
      /All 40 factories are read and up to date, so no runs are missing here: Azure has none/,
    ],
    runs: /^0 runs$/,
    covered: true,
  },
}

function isFresh({ state }: Pick<FactoryState, 'state'>): boolean {
  return state === 'fresh'
}

/** What no page may say of what is not covered, whatever else it says. */
const claims = [
  /All clear/i,
  /Nothing needs/i,
  /100\s%/,
  /\d\s%\)/, // a share behind its figures
  /\b0 (open|failed|runs|failures)\b/i,
  /No open failures/i,
  /Nothing is running/i,
  /No history is here yet/i,
  /All \d+ factories are fresh/i,
  /All history since/i,
]

const shots = process.env.ANDON_SHOTS

for (const [name, situation] of Object.entries(situations)) {
  test.describe(name, () => {
    let world: World
    const search = situation.search ?? ''
    test.beforeAll(async () => {
      test.setTimeout(180_000)
      world = await situation.world()
      await situation.afterwards?.(world)
    })
    test.afterAll(async () => {
      await world?.end()
    })

    for (const width of [1440, 390]) {
      test(`no page claims what is not covered, ${width} px`, async ({ page }) => {
        test.setTimeout(120_000)
        await page.setViewportSize({ width, height: 900 })
        if (situation.ahead) await page.clock.setFixedTime(Date.now() + situation.ahead)
        for (const path of ['', 'runs', 'factories', 'embed/runs']) {
          await page.goto(world.url + path + (path.startsWith('embed') ? '' : search))
          await settled(page)
          if (path === '') {
            await expect(page.getByRole('heading', { level: 1 })).toHaveText(situation.headline)
            for (const words of situation.words ?? []) {
              await expect(page.locator('main')).toContainText(words)
            }
            await expect(page.getByText('Missed schedules are not watched yet.')).toBeVisible()
            if (situation.header && width > 1099) {
              await expect(page.locator('header').first()).toContainText(situation.header)
            }
          }
          if (path === 'runs') {
            await expect(page.getByRole('heading', { level: 1 })).toHaveText(situation.runs)
          }
          if (shots && !path.startsWith('embed/')) {
            await page.screenshot({
              path: `${shots}/${name}-${path || 'overview'}-light-${width}.png`,
              fullPage: true,
            })
          }
          if (path.startsWith('embed')) {
            const { basis } = (await world.json('/api/v1/runs?limit=1')) as {
              basis: { reason: string | null }
            }
            if (basis.reason) await expect(page.locator('body')).toContainText(basis.reason)
          }
          if (situation.covered || (situation.ofRange && path === 'factories')) continue
          // biome-ignore lint/performance/useDomNodeTextContent: only what is seen can claim something
          const text = await page.locator('body').innerText()
          for (const claim of claims) expect.soft(text, `${name} /${path}`).not.toMatch(claim)
          if (path === '') {
            // A tick marks a run that succeeded, never a claim.
            const claimed = page.locator('p').filter({ has: page.locator('svg [class*="okTick"]') })
            await expect(claimed).toHaveCount(0)
          }
        }
        await page.goto(world.url + search)
        await settled(page)
        expect(await violations(page)).toEqual([])
        const beyond = await page.evaluate(
          () => document.documentElement.scrollWidth - document.body.clientWidth,
        )
        expect(beyond, 'pixels beyond the page').toBeLessThanOrEqual(0)
      })
    }
  })
}

/** Waits until nothing on the page is loading any more. */
async function settled(page: Page) {
  await page.waitForLoadState('networkidle').catch(() => undefined)
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
}
