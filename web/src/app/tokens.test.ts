import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync('src/app/tokens.css', 'utf8')

/** The two values of a colour token: in the light theme and in the dark one. */
function token(name: string): { light: string; dark: string } {
  const value = `(?:light-dark\\(\\s*(#\\w+),\\s*(#\\w+)\\s*\\)|(#\\w+))`
  const found = new RegExp(`--andon-${name}:\\s*${value};`).exec(css)
  if (!found) throw new Error(`tokens.css has no colour --andon-${name}`)
  const [, light, dark, both] = found
  return { light: light ?? both ?? '', dark: dark ?? both ?? '' }
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

const themes = ['light', 'dark'] as const
const grounds = ['bg', 'panel', 'raised']
const texts = ['text', 'muted', 'ok', 'bad', 'run', 'queue', 'off', 'stale']
const fills = ['ok-fill', 'ok-soft', 'bad-fill', 'run-fill', 'queue-fill', 'off-fill', 'stale-fill']

function pairs(foregrounds: string[], backgrounds: string[]) {
  return foregrounds.flatMap((text) =>
    backgrounds.flatMap((ground) => themes.map((theme) => [text, ground, theme] as const)),
  )
}

describe('contrast of the tokens', () => {
  it.each([
    ...pairs(texts, grounds),
    ...pairs(['text', 'muted', 'bad'], ['bad-wash', 'hover']),
    ...pairs(['text', 'muted'], ['stale-wash', 'track']),
    ...pairs(['on-ink'], ['ink']),
  ])('text %s on %s, %s, is at least 4.5', (text, ground, theme) => {
    expect(contrast(token(text)[theme], token(ground)[theme])).toBeGreaterThanOrEqual(4.5)
  })

  it.each([...pairs(fills, ['bg', 'panel']), ...pairs(['edge', 'focus'], grounds)])(
    'fill %s on %s, %s, is at least 3',
    (fill, ground, theme) => {
      expect(contrast(token(fill)[theme], token(ground)[theme])).toBeGreaterThanOrEqual(3)
    },
  )

  it.each(themes)('the cross of a failed mark stands out in the %s theme', (theme) => {
    expect(contrast(token('on-bad')[theme], token('bad-fill')[theme])).toBeGreaterThanOrEqual(3)
  })

  it('quiet green is the exception: it lies behind words that carry it', () => {
    for (const theme of themes) {
      expect(contrast(token('ok-quiet')[theme], token('bg')[theme])).toBeLessThan(3)
    }
  })
})
