import createClient from 'openapi-fetch'
import { ApiError, problemOf, unreachable } from './error'
import type { paths } from './schema.gen'

/** Where the server hangs, always with a slash at the end: "/" or, behind a proxy, "/tools/andon/". */
export function basePath(): string {
  const base = document.querySelector<HTMLMetaElement>('meta[name="andon-base"]')?.content || '/'
  return base.endsWith('/') ? base : `${base}/`
}

/** The API's client. Its base is read once: the server writes it into the page. */
export const api = createClient<paths>({
  baseUrl: new URL(basePath(), location.href).href.replace(/\/$/, ''),
  // Looked up for each call, so that what replaces fetch later (tests do) is used.
  fetch: (request) => globalThis.fetch(request),
})

/** A request without a body that changes something has to say that it is of this board: a foreign page's form can't. */
export const ofThisBoard = { 'Content-Type': 'application/json' }

interface Answer<T> {
  data?: T | undefined
  error?: unknown
  response: Response
}

/** Gives the body of a good answer, and throws an ApiError for everything else. */
export async function body<T>(pending: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await pending
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    // openapi-fetch throws too when a body is not the JSON it says it is.
    if (cause instanceof SyntaxError) {
      throw new ApiError(
        502,
        'The answer was cut short or is not JSON',
        'A proxy may have changed it.',
      )
    }
    throw unreachable()
  }
  if (answer.data === undefined) throw problemOf(answer.response.status, answer.error)
  return answer.data
}
