/** How a status looks. Statuses stay the texts that Azure sent; only their look is decided here. */
export type Tone =
  | 'ok'
  | 'bad'
  | 'notRedone'
  | 'recovered'
  | 'underived'
  | 'run'
  | 'queue'
  | 'off'
  | 'unknown'

/** What became of a failed run, by the server's rules. */
export type RecoveryState = 'open' | 'notRedone' | 'recovered'

/** The recovery that a mark shows: `underived` while the server is still deriving it. */
export type Outcome = RecoveryState | 'underived'

export const recoveryStates: readonly RecoveryState[] = ['open', 'notRedone', 'recovered']

const known = new Map<string, { tone: Tone; word: string }>([
  ['succeeded', { tone: 'ok', word: 'Succeeded' }],
  ['failed', { tone: 'bad', word: 'Failed' }],
  ['inprogress', { tone: 'run', word: 'In progress' }],
  ['queued', { tone: 'queue', word: 'Queued' }],
  ['canceling', { tone: 'off', word: 'Canceling' }],
  ['cancelling', { tone: 'off', word: 'Canceling' }],
  ['cancelled', { tone: 'off', word: 'Cancelled' }],
])

const outcomes: Record<Outcome, { tone: Tone; word: string }> = {
  open: { tone: 'bad', word: 'open' },
  notRedone: { tone: 'notRedone', word: 'not redone' },
  recovered: { tone: 'recovered', word: 'recovered' },
  underived: { tone: 'underived', word: 'recovery is being derived' },
}

/** "open", "not redone" or "recovered". */
export function recoveryWord(state: RecoveryState): string {
  return outcomes[state].word
}

/**
 * What became of a run, for its mark and word; null for a run that did not fail. A failed run without a recovery is
 * `underived`: it is drawn as none of the three states. The recovery is an object in rows, and its state alone in strips.
 */
export function outcomeOf(run: {
  status: string
  recovery: { state: RecoveryState } | string | null
}): Outcome | null {
  if (toneOf(run.status) !== 'bad') return null
  const state = typeof run.recovery === 'string' ? run.recovery : run.recovery?.state
  return recoveryStates.find((one) => one === state) ?? 'underived'
}

/** The tone of a status. A failure without an outcome is that of something that has none: an activity, a status in a list. */
export function toneOf(status: string, outcome: Outcome | null = null): Tone {
  const tone = known.get(status.toLowerCase())?.tone ?? 'unknown'
  return tone === 'bad' && outcome ? outcomes[outcome].tone : tone
}

/** Whether a run with this tone failed, whatever became of it. */
export function isFailure(tone: Tone): boolean {
  return tone === 'bad' || tone === 'notRedone' || tone === 'recovered' || tone === 'underived'
}

/** The status in words: "In progress", "Failed, not redone"; one that is not known is as Azure spells it. */
export function statusWord(status: string, outcome: Outcome | null = null): string {
  const word = known.get(status.toLowerCase())?.word ?? (status || 'No status')
  return outcome && toneOf(status) === 'bad' ? `${word}, ${outcomes[outcome].word}` : word
}

/** The status that a run shows: its own, or that how it ended is unknown. */
export function statusOf(run: { status: string; endUnknown?: string | null }): string {
  return run.endUnknown ? unknownEnd : run.status
}

const unknownEnd = 'Unknown end'

/** Whether a run with this status will not change any more. */
export function isTerminal(status: string): boolean {
  return /^(succeeded|failed|cancelled|unknown end)$/i.test(status)
}
