/** One thing the API did not accept, with what it allows. */
export interface FieldError {
  /** Such as "query.status"; empty when the server named none. */
  location: string
  message: string
}

/** A request that did not give what it was made for: a problem document (RFC 9457), or no answer at all. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number
  /** What happened, in one line. */
  readonly title: string
  /** Where and what next; empty when the server said no more. */
  readonly detail: string
  readonly errors: FieldError[]

  constructor(status: number, title: string, detail = '', errors: FieldError[] = []) {
    super(detail ? `${title}: ${detail}` : title)
    this.name = 'ApiError'
    this.status = status
    this.title = title
    this.detail = detail
    this.errors = errors
  }
}

/** Makes an ApiError of whatever came as the body of an answer that is not a success. */
export function problemOf(status: number, body: unknown): ApiError {
  const problem = isRecord(body) ? body : {}
  const title = textOf(problem.title) || `The server answered ${status}`
  const errors = Array.isArray(problem.errors) ? problem.errors.filter(isRecord) : []
  return new ApiError(
    status,
    title,
    textOf(problem.detail),
    errors.map((e) => ({ location: textOf(e.location), message: textOf(e.message) })),
  )
}

/** Makes an ApiError of a request that failed before any answer. */
export function unreachable(): ApiError {
  return new ApiError(
    0,
    'The Andon server does not answer',
    'It may be restarting, or the network between here and it is down. This page keeps what it has and asks again.',
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
