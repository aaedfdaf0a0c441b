import { useMutation, useQuery } from '@tanstack/react-query'
import { askForSurroundings, surroundingsQuery } from '../../api/surroundings'
import type { Factory, Surrounding, SurroundingList } from '../../api/types'
import { isWatched } from '../../factory/state'
import { useConnection } from '../../live/live'
import { Button } from '../../state/button'
import { CommandBox } from '../../state/command-box'
import text from '../../state/text.module.css'
import { unknown } from '../../time/format'
import { Age } from '../../time/time'
import styles from './factories.module.css'
import { asSentence } from './trouble'

const kindWords: Record<Surrounding['kind'], string> = {
  factory: 'Factory and tags',
  pipelines: 'Pipelines',
  triggers: 'Triggers',
  triggerRuns: 'Trigger runs',
  integrationRuntimes: 'Integration runtimes',
}
const kinds = Object.keys(kindWords) as Surrounding['kind'][]

/** They are read every quarter of an hour, and the live stream says when. */
const calmMs = 60_000
/** Without the live stream, what was asked for is looked for this often. */
const followMs = 1_000
/** After this long nobody waits for what was asked for: it comes when Azure answers again. */
const patienceMs = 60_000

/** How old what stands around a factory's runs is, and a way to have it read now. */
export function Surroundings({ factory }: { factory: Factory }) {
  const order = useMutation({ mutationFn: () => askForSurroundings(factory.factory) })
  const isReading = (now: SurroundingList | undefined) =>
    order.isPending ||
    (order.data !== undefined &&
      Date.now() - order.submittedAt < patienceMs &&
      kinds.some((kind) => sameReading(find(order.data, kind), find(now, kind))))
  const isLive = useConnection().state === 'live'
  const list = useQuery({
    ...surroundingsQuery(factory.factory),
    refetchInterval: ({ state }) => (isReading(state.data) && !isLive ? followMs : calmMs),
  })
  const reading = isReading(list.data)
  return (
    <section className={styles.around} aria-labelledby="surroundings" aria-busy={reading}>
      <h2 id="surroundings">Definitions and surroundings</h2>
      {list.isError && (
        <p className={text.bad} role="alert">
          How old they are could not be read: {list.error.message}{' '}
          <Button size="small" onClick={() => void list.refetch()}>
            Try again
          </Button>
        </p>
      )}
      <dl className={styles.facts}>
        {kinds.map((kind) => (
          <Kind key={kind} name={kindWords[kind]} known={find(list.data, kind)} />
        ))}
      </dl>
      {isWatched(factory) && (
        <div className={styles.askAround}>
          <Button
            size="small"
            icon="refresh"
            aria-disabled={reading}
            onClick={() => {
              if (!reading) order.mutate()
            }}
          >
            {reading ? 'Reading …' : 'Read now'}{' '}
            <span className={text.hidden}>the surroundings of {factory.name}</span>
          </Button>
          <span className={text.muted}>Read every 15 min by themselves.</span>
        </div>
      )}
      {order.error && (
        <p className={text.bad} role="alert">
          {order.error.message}
        </p>
      )}
    </section>
  )
}

function find(list: SurroundingList | undefined, kind: Surrounding['kind']) {
  return list?.items.find((item) => item.kind === kind)
}

/** Whether nothing came of a kind since, neither what Azure said nor why it did not. */
function sameReading(before: Surrounding | undefined, now: Surrounding | undefined): boolean {
  return before?.asOf === now?.asOf && before?.trouble?.at === now?.trouble?.at
}

function Kind({ name, known }: { name: string; known: Surrounding | undefined }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {!known ? (
          unknown
        ) : known.asOf === null ? (
          'never read'
        ) : (
          <>
            as of <Age instant={known.asOf} /> ago
          </>
        )}
        {known?.trouble && (
          <>
            <p className={text.stale}>{asSentence(known.trouble.what)}</p>
            <p className={text.muted}>{asSentence(known.trouble.advice)}</p>
            {known.trouble.command && <CommandBox command={known.trouble.command} />}
          </>
        )}
      </dd>
    </>
  )
}
