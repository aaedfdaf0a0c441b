import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

// Debian's and the usual places; ANDON_CHROMIUM names another.
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const chromium = process.env.ANDON_CHROMIUM ?? places.find((path) => existsSync(path))
if (!chromium) {
  throw new Error(
    `No Chromium at ${places.join(', ')}. Install it (Debian: apt-get install chromium) or name it with ANDON_CHROMIUM.`,
  )
}

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  forbidOnly: true,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    timezoneId: 'Europe/Stockholm',
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
