import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.ANDON_URL ?? 'http://127.0.0.1:8080'

// The same policy as the server sends, with the nonce that Vite's dev scripts and styles need.
const devPolicy = [
  "default-src 'self'",
  "script-src 'self' 'nonce-dev'",
  "style-src 'self' 'nonce-dev'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "object-src 'none'",
].join('; ')

// Tests of what needs no document.
const logic = ['src/{app,chart,run,search,status,strip,time}/**/*.test.ts']

export default defineConfig(({ command }) => ({
  // Relative, so that one build works at any path: the server puts its prefix in front of "./ in index.html.
  base: './',
  plugins: [react()],
  ...(command === 'serve' ? { html: { cspNonce: 'dev' } } : {}),
  server: {
    headers: { 'Content-Security-Policy': devPolicy },
    proxy: {
      '/api': server,
      '/healthz': server,
      '/readyz': server,
    },
  },
  build: {
    target: 'baseline-widely-available',
    // Inlined assets would be data: URLs, which the policy refuses for everything but images.
    assetsInlineLimit: 0,
    // The board, and the pieces for other people's pages.
    rolldownOptions: { input: ['index.html', 'embed.html'] },
    // dist/.keep, without which Go could not embed the folder before the first build, comes back from public/.
    emptyOutDir: true,
  },
  css: { modules: { localsConvention: 'camelCaseOnly' } },
  test: {
    restoreMocks: true,
    unstubGlobals: true,
    css: { modules: { classNameStrategy: 'non-scoped' } },
    // A deadline, not a wait: a machine that builds something else at the same time is slow.
    testTimeout: 30_000,
    // What needs no document is spared one: making it takes longer than most of these tests.
    projects: [
      {
        extends: true,
        test: {
          name: 'logic',
          environment: 'node',
          include: logic,
        },
      },
      {
        extends: true,
        test: {
          name: 'dom',
          environment: 'jsdom',
          setupFiles: ['src/testing/setup.ts'],
          include: ['src/**/*.test.{ts,tsx}'],
          exclude: logic,
        },
      },
    ],
  },
}))
