/**
 * When the server gave an answer, in milliseconds. It is part of the answer because the cache's own time is that of the
 * last page of a list, and there is none for the answer of another choice that is kept in place.
 */
export interface Read {
  /** Absent in an answer that did not come from the server. */
  readAt?: number
}

export async function read<Answer extends object>(
  pending: Promise<Answer>,
): Promise<Answer & Read> {
  return { ...(await pending), readAt: Date.now() }
}
