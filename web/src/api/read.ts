/**
 * When the server gave an answer, in milliseconds. It is part of the answer because the cache's own time and error are
 * those of the last write, and each live event that is written into an answer is one.
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
