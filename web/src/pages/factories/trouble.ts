import type { BasisCause, Factory, FactoryList, Source } from '../../api/types'
import { isStale } from '../../factory/state'
import { compareInstants } from '../../time/instant'

/** A source that does not give all it should. */
export interface Trouble {
  source: Source
  causes: BasisCause[]
  /** Its factories that are not fresh. */
  late: Factory[]
}

/** The sources in trouble, with the causes as the server groups them. */
export function troublesOf({ items, sources, basis }: Known): Trouble[] {
  return sources.flatMap((source) => {
    const causes = basis.causes.filter((cause) => cause.source === source.source)
    const late = items.filter((factory) => factory.source === source.source && isStale(factory))
    return causes.length === 0 ? [] : [{ source, late, causes }]
  })
}

type Known = Pick<FactoryList, 'items' | 'sources' | 'basis'>

/** The sources whose polls come later than wanted, while that keeps nobody from being fresh. */
export function heldBack(list: Known): Source[] {
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
