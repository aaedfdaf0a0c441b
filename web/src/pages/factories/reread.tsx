import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { collectionKey, orderReread } from '../../api/collection'
import type { Collection, Reread } from '../../api/types'
import { Button } from '../../state/button'
import text from '../../state/text.module.css'
import { StatusMark } from '../../status/status-mark'
import { useClock } from '../../time/clock'
import { fieldOf, millisOf } from '../../time/field'
import { formatCount, formatCounted } from '../../time/format'
import { toInstant } from '../../time/instant'
import { Time } from '../../time/time'
import { useZone, zoneName } from '../../time/zone'
import styles from './factories.module.css'
import { asSentence } from './trouble'

const day = 86_400_000
const presets = [
  { label: 'Last day', days: 1 },
  { label: '7 days', days: 7 },
  { label: '45 days', days: 45 },
]

/** Orders that a range is read from Azure once more, and follows what comes of it. */
export function RereadForm({ factory, rereads }: { factory: string; rereads: Reread[] }) {
  const zone = useZone()
  const clock = useClock()
  const client = useQueryClient()
  const note = useId()
  const [from, setFrom] = useState(() => fieldOf(clock.now() - day, zone))
  const [to, setTo] = useState('')
  const start = millisOf(from, zone)
  const end = millisOf(to, zone) ?? clock.now()
  const wrong =
    start === null ? 'Say where to begin.' : start >= end ? 'It must end after it begins.' : null
  const order = useMutation({
    mutationFn: (range: { from: string; to: string }) => orderReread(factory, range),
    onSuccess: (reread) => {
      client.setQueriesData<Collection>({ queryKey: collectionKey }, (data) =>
        data ? withReread(data, factory, reread) : undefined,
      )
      void client.invalidateQueries({ queryKey: collectionKey })
    },
  })

  return (
    <>
      <form
        className={styles.reread}
        aria-label="Read a range again"
        aria-describedby={note}
        onSubmit={(event) => {
          event.preventDefault()
          if (wrong || start === null || order.isPending) return
          order.mutate({ from: toInstant(start), to: toInstant(end) })
        }}
      >
        <p id={note} className={text.muted}>
          What Azure has and Andon lacks, or has in an older version, is put right. Times of{' '}
          {zoneName(zone, clock.now())}.
        </p>
        <ul className={styles.presets}>
          {presets.map(({ label, days }) => (
            <li key={label}>
              <Button
                size="small"
                onClick={() => {
                  setFrom(fieldOf(clock.now() - days * day, zone))
                  setTo('')
                }}
              >
                {label}
              </Button>
            </li>
          ))}
        </ul>
        <label>
          From
          <input
            type="datetime-local"
            value={from}
            aria-invalid={wrong !== null}
            onChange={(event) => setFrom(event.target.value)}
          />
        </label>
        <label>
          To, empty for now
          <input
            type="datetime-local"
            value={to}
            aria-invalid={wrong !== null}
            onChange={(event) => setTo(event.target.value)}
          />
        </label>
        <Button
          type="submit"
          icon="refresh"
          aria-disabled={wrong !== null || order.isPending}
          className={styles.order}
        >
          Read again
        </Button>
        {wrong && (
          <p className={text.bad} role="alert">
            {wrong}
          </p>
        )}
        {order.error && (
          <p className={text.bad} role="alert">
            {order.error.message}
          </p>
        )}
      </form>
      <Rereads rereads={rereads} />
    </>
  )
}

function withReread(data: Collection, factory: string, reread: Reread): Collection {
  return {
    ...data,
    items: data.items.map((item) =>
      item.factory === factory
        ? {
            ...item,
            // One that touches a waiting range has made that one longer.
            rereads: [reread, ...item.rereads.filter((r) => r.orderedAt !== reread.orderedAt)],
          }
        : item,
    ),
  }
}

const marks: Record<Reread['state'], string> = {
  waiting: 'Queued',
  reading: 'InProgress',
  done: 'Succeeded',
  failed: 'Failed',
}

function Rereads({ rereads }: { rereads: Reread[] }) {
  const news = useNews(rereads)
  return (
    <>
      <span role="status" className={text.hidden}>
        {news}
      </span>
      {rereads.length > 0 && (
        <ul className={styles.rereads} aria-label="Ranges read again">
          {rereads.map((reread) => (
            <li key={keyOf(reread)}>
              <StatusMark status={marks[reread.state]} size={14} decorative />
              <span>
                <Time instant={reread.from} /> – <Time instant={reread.to} />
              </span>
              <span className={text.muted}>{foundWords(reread)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function keyOf({ orderedAt }: Reread): string {
  return orderedAt
}

/** What is read out: an order that came to another state. Its count, new each second, would interrupt all else. */
function useNews(rereads: Reread[]): string {
  const [known, setKnown] = useState({ states: new Map<string, Reread['state']>(), news: '' })
  const changed = rereads.filter((reread) => known.states.get(keyOf(reread)) !== reread.state)
  if (changed.length === 0) return known.news
  // What had ended before it was first seen here is no news.
  const told = changed.filter((reread) => known.states.has(keyOf(reread)) || !hasEnded(reread))
  const states = new Map(rereads.map((reread) => [keyOf(reread), reread.state]))
  const news = told.length === 0 ? known.news : told.map(spokenWords).join('; ')
  setKnown({ states, news })
  return news
}

function hasEnded({ state }: Reread): boolean {
  return state === 'done' || state === 'failed'
}

function spokenWords(reread: Reread): string {
  return `Reading again: ${reread.state === 'reading' ? 'under way' : foundWords(reread)}`
}

/** How it stands, and what it found. */
function foundWords({ state, rows, added, missed, outdated, what }: Reread): string {
  const read = `${formatCounted(rows, 'run')} read`
  const found = [
    // What lay in a gap until now is new, and nothing that should have been here.
    added > missed ? `${formatCount(added - missed)} new` : '',
    missed > 0 ? `${formatCount(missed)} had been missed` : '',
    outdated > 0 ? `${formatCount(outdated)} ${outdated === 1 ? 'was' : 'were'} outdated` : '',
  ]
    .filter(Boolean)
    .join(', ')
  switch (state) {
    case 'waiting':
      return 'waiting'
    case 'reading':
      return `reading, ${read}`
    case 'done':
      return `${read}, ${found || 'nothing had been missed'}`
    case 'failed':
      return `failed: ${asSentence(what ?? 'without a reason')} ${rows > 0 ? asSentence(`${read}${found ? `, ${found}` : ''}`) : ''}`.trim()
  }
}
