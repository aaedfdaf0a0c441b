/** What the address of an embedded piece asks for. */
export interface Piece {
  kind: 'strip' | 'runs'
  /** The API's own filters, as they stood in the address. */
  filter: URLSearchParams
  limit: number
  title: string
  theme: 'light' | 'dark' | 'auto'
  utc: boolean
}

const look = ['theme', 'title', 'zone', 'limit']
const kinds = {
  strip: { filters: ['factory', 'pipeline'], needs: ['factory', 'pipeline'], limit: 30, most: 60 },
  runs: {
    filters: [
      'status',
      'factory',
      'pipeline',
      'trigger',
      'invokedBy',
      'annotation',
      'recovery',
      'open',
      'group',
      'minDuration',
      'q',
      'from',
      'to',
    ],
    needs: [] as string[],
    limit: 10,
    most: 100,
  },
}

/** Reads the address. What is wrong in it is a sentence that says what is allowed. */
export function readPiece(path: string, search: string): Piece | string {
  const kind = /\/embed\/(strip|runs)\/?$/.exec(path)?.[1]
  if (kind !== 'strip' && kind !== 'runs')
    return 'There is no such piece: /embed/strip and /embed/runs are.'
  const { filters, needs, limit, most } = kinds[kind]
  const given = new URLSearchParams(search)
  for (const name of new Set(given.keys())) {
    if (filters.includes(name) || look.includes(name)) continue
    return `“${name}” is not a parameter of /embed/${kind}; allowed are ${[...filters, ...look].join(', ')}.`
  }
  const missing = needs.filter((name) => !given.get(name))
  if (missing.length > 0)
    return `The strip shows one pipeline: its address lacks ${missing.join(' and ')}.`

  const several = needs.find((name) => given.getAll(name).length > 1)
  if (several)
    return `The strip shows one pipeline: its address names ${several} ${given.getAll(several).length} times.`

  const theme = given.get('theme') ?? 'auto'
  if (theme !== 'light' && theme !== 'dark' && theme !== 'auto')
    return `theme “${theme}” is not known: light, dark or auto.`
  const zone = given.get('zone')
  if (zone !== null && zone !== 'utc')
    return `zone “${zone}” is not known: utc, or nothing for the visitor’s own.`
  const wanted = given.has('limit') ? Number(given.get('limit')) : limit
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > most)
    return `limit is a whole number from 1 to ${most}.`

  const filter = new URLSearchParams()
  for (const [name, value] of given) if (filters.includes(name)) filter.append(name, value)
  return {
    kind,
    filter,
    limit: wanted,
    title: given.get('title') ?? '',
    theme,
    utc: zone === 'utc',
  }
}
