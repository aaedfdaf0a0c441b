import type { Factory, FactoryList, Source } from '../../api/types'
import { isAsked, isStale } from '../../factory/state'
import { compareInstants } from '../../time/instant'

/** One thing that stands in the way, and whom it keeps from being fresh. */
export interface Cause {
  /** Half a sentence, as Azure's client says it. */
  what: string
  where: string | null
  advice: string | null
  command: string | null
  at: string | null
  retryAt: string | null
  factories: Factory[]
}

/** A source that does not give all it should. */
export interface Trouble {
  source: Source
  causes: Cause[]
  /** Its factories that are not fresh. */
  late: Factory[]
}

/** The sources in trouble: those that say so, and those with a factory that stands still or is refused. */
export function troublesOf({ items, sources }: Pick<FactoryList, 'items' | 'sources'>): Trouble[] {
  return sources.flatMap((source) => {
    const late = items.filter((factory) => factory.source === source.source && isStale(factory))
    if (source.state !== 'error' && late.length === 0) return []
    return [{ source, late, causes: causesOf(source, late) }]
  })
}

function causesOf(source: Source, late: Factory[]): Cause[] {
  const causes = new Map<string, Cause>()
  const latePoll = latePollOf(source)
  const known = (what: string, command: string | null) =>
    [...causes.values()].find((c) => c.what === what && (c.command ?? '') === (command ?? ''))
  if (source.state === 'error') {
    const { what, advice, command, at, retryAt } = source
    const said = what ?? `source ${source.source} can't be read`
    causes.set('source', {
      what: said,
      where: null,
      advice,
      command,
      at,
      retryAt,
      factories: [],
    })
  }
  for (const factory of late) {
    const error = factory.lastError
    // Without an error of its own it waits for its source, or for a poll that is late.
    const cause = error
      ? known(error.what, error.command)
      : (causes.get('source') ?? known(latePoll.what, latePoll.command))
    if (cause) {
      cause.factories.push(factory)
      cause.where ??= error?.where ?? null
      cause.retryAt ??= error?.retryAt ?? null
    } else {
      causes.set(factory.factory, { ...(error ?? latePoll), factories: [factory] })
    }
  }
  return [...causes.values()]
}

function latePollOf(source: Source): Omit<Cause, 'factories'> {
  return { ...whyLate(source), where: null, command: null, at: null, retryAt: null }
}

function whyLate(source: Source): Pick<Cause, 'what' | 'advice'> {
  if (!isAsked(source)) {
    return {
      what: 'this server does not ask Azure by this source',
      advice: 'configure the source again; until then its history stays as it is',
    }
  }
  if (source.pace !== null) return { what: source.pace, advice: source.paceAdvice }
  return {
    what: 'Azure was not asked in time',
    advice: 'a check says whether Azure answers; the log says what Andon is busy with',
  }
}

/** The sources whose polls come later than wanted, while that keeps nobody from being fresh. */
export function heldBack(list: Pick<FactoryList, 'items' | 'sources'>): Source[] {
  const inTrouble = new Set(troublesOf(list).map(({ source }) => source.source))
  return list.sources.filter(({ source, pace }) => pace !== null && !inTrouble.has(source))
}

/** The credentials that end soon, of sources that work. */
export function endingSoon(sources: Source[]): Source[] {
  return sources
    .filter((source) => source.expiryAdvice !== null && source.state !== 'error')
    .sort((a, b) => compareInstants(a.credentialExpires, b.credentialExpires))
}

/** Half a sentence of the server's as a whole one. */
export function asSentence(half: string): string {
  const text = half.trim()
  if (text === '') return ''
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?:]$/.test(capital) ? capital : `${capital}.`
}

/** The same without its period, as a heading. */
export function asHeading(half: string): string {
  return asSentence(half).replace(/\.$/, '')
}
