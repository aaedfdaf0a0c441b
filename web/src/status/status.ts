/** How a status looks. Statuses stay the texts that Azure sent; only their look is decided here. */
export type Tone = 'ok' | 'bad' | 'healed' | 'run' | 'queue' | 'off' | 'unknown'

const known = new Map<string, { tone: Tone; word: string }>([
  ['succeeded', { tone: 'ok', word: 'Succeeded' }],
  ['failed', { tone: 'bad', word: 'Failed' }],
  ['inprogress', { tone: 'run', word: 'In progress' }],
  ['queued', { tone: 'queue', word: 'Queued' }],
  ['canceling', { tone: 'off', word: 'Canceling' }],
  ['cancelling', { tone: 'off', word: 'Canceling' }],
  ['cancelled', { tone: 'off', word: 'Cancelled' }],
])

/** The tone of a run's status; `healed` means that it failed and a later run made it good. */
export function toneOf(status: string, healed = false): Tone {
  const tone = known.get(status.toLowerCase())?.tone ?? 'unknown'
  return tone === 'bad' && healed ? 'healed' : tone
}

/** The status in words: "In progress"; one that is not known stands as Azure spells it. */
export function statusWord(status: string, healed = false): string {
  const word = known.get(status.toLowerCase())?.word ?? (status || 'No status')
  return toneOf(status, healed) === 'healed' ? `${word}, healed` : word
}

/** The status that a run shows: its own, or that nobody can say how it ended. */
export function statusOf(run: { status: string; endUnknown?: string | null }): string {
  return run.endUnknown ? unknownEnd : run.status
}

const unknownEnd = 'Unknown end'

/** Whether a run with this status will not change any more. */
export function isTerminal(status: string): boolean {
  return /^(succeeded|failed|cancelled|unknown end)$/i.test(status)
}
