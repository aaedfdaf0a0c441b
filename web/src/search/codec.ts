// The URL is written as the API's is: names as they are, a list as a repeated name, no JSON. A link can be typed by hand.

export type SearchValues = Record<string, unknown>

export function parseSearch(text: string): SearchValues {
  // A Map, because names come from outside: "constructor" is a name like any other.
  const found = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(text)) {
    const before = found.get(name)
    found.set(name, before === undefined ? value : [before, value].flat())
  }
  return Object.fromEntries(found)
}

export function stringifySearch(search: SearchValues): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null && item !== '') params.append(name, String(item))
    }
  }
  const text = params.toString()
  // Colons and commas are allowed in a query; left readable, as in ?from=2026-11-24T02:00:00Z.
  return text ? `?${text.replaceAll('%3A', ':').replaceAll('%2C', ',')}` : ''
}
