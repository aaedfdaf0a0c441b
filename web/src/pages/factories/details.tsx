import { useState } from 'react'
import type { Factory, FactoryCollection } from '../../api/types'
import { isWatched, lacksNewest, lacksOlder, stateWords } from '../../factory/state'
import { StateMark } from '../../factory/state-mark'
import { Icon } from '../../icons/icon'
import { Button } from '../../state/button'
import { CommandBox } from '../../state/command-box'
import { Progress } from '../../state/progress'
import text from '../../state/text.module.css'
import { formatCount, formatCounted, formatDuration, unknown } from '../../time/format'
import { Age, Time } from '../../time/time'
import styles from './factories.module.css'
import { RereadForm } from './reread'
import { uncounted } from './rows'
import { formatDone } from './sentence'
import { Surroundings } from './surroundings'
import { asSentence } from './trouble'

interface DetailsProps {
  factory: Factory
  /** Absent until it is known. */
  collection: FactoryCollection | undefined
}

/** All that is known of how a factory is collected, and a way to have a range read again. */
export function FactoryDetails({ factory, collection }: DetailsProps) {
  return (
    <section className={styles.opened} aria-label={`Details of ${factory.name}`}>
      <div>
        <Standing factory={factory} />
        <History factory={factory} collection={collection} />
        <Surroundings factory={factory} />
      </div>
      <div>
        <Asking factory={factory} collection={collection} />
        <h2>Read a range again</h2>
        {isWatched(factory) ? (
          <RereadForm factory={factory.factory} rereads={collection?.rereads ?? []} />
        ) : (
          <p className={text.muted}>
            {factory.state === 'gone'
              ? 'Azure no longer lists this factory.'
              : 'This server does not ask Azure about this factory.'}
          </p>
        )}
      </div>
    </section>
  )
}

const stateSentences: Record<Factory['state'], string> = {
  filling: 'Its history is being read for the first time, newest first.',
  fresh: 'The last poll was completed.',
  stale: 'Polls break off or are late.',
  refused: 'Azure refuses, and a person has to act.',
  gone: 'Azure no longer lists it; its history stays.',
  'not collected': 'Collecting is off.',
}

function Standing({ factory }: { factory: Factory }) {
  const { lastError, state, studioUrl, location, resourceGroup, subscriptionId } = factory
  return (
    <>
      <h2 className={styles.standing}>
        <StateMark state={state} />
        <span aria-hidden="true">{stateWords[state]}</span>
        <a href={studioUrl} target="_blank" rel="noreferrer">
          Studio
          <Icon name="external" size={12} />
        </a>
      </h2>
      <p className={text.muted}>{stateSentences[state]}</p>
      {lastError && (
        <div className={styles.trouble}>
          <p>
            <Time instant={lastError.at} /> {asSentence(lastError.what)}
          </p>
          <p className={text.muted}>
            {lastError.where && asSentence(lastError.where)} {asSentence(lastError.advice)}
          </p>
          {lastError.command && <CommandBox command={lastError.command} />}
          {lastError.retryAt && (
            <p className={text.muted}>
              Tried again at <Time instant={lastError.retryAt} />.
            </p>
          )}
        </div>
      )}
      <p className={text.muted}>
        {[resourceGroup, location].filter(Boolean).join(', ')}, subscription{' '}
        <span className={text.mono}>{subscriptionId}</span>
      </p>
    </>
  )
}

function History({ factory, collection }: DetailsProps) {
  const { coverage, firstRunStart, lastRunStart, oddRows } = factory
  const corrected = collection?.corrected
  return (
    <>
      <h2>History</h2>
      <Fill factory={factory} />
      <dl className={styles.facts}>
        <dt>Covered</dt>
        <dd>
          {coverage.from === null ? (
            'nothing yet'
          ) : (
            <>
              <Time instant={coverage.from} /> – <Time instant={coverage.to} />
            </>
          )}
        </dd>
        <dt>Missing</dt>
        <dd>
          {coverage.from === null ? (
            <span title="Nothing has been read yet">{unknown}</span>
          ) : (
            <Missing factory={factory} />
          )}
        </dd>
        <dt>Runs</dt>
        <dd>
          {formatCount(factory.runs)}
          {!!factory.runs && (
            <>
              {', '}
              <Time instant={firstRunStart} /> – <Time instant={lastRunStart} />
            </>
          )}
        </dd>
        <dt>Activities to be read</dt>
        <dd>
          {coverage.from === null
            ? unknown
            : coverage.activitiesPending === 0
              ? 'none'
              : `those of ${formatCounted(coverage.activitiesPending, 'finished run')}`}
        </dd>
        <dt>Odd rows</dt>
        <dd>
          {oddRows === 0
            ? 'none'
            : `${formatCount(oddRows)} with a field that could not be read, or not kept`}
        </dd>
        <dt>Sweeps, 30 days</dt>
        <dd>{corrected ? <Corrected corrected={corrected} /> : unknown}</dd>
      </dl>
    </>
  )
}

function Corrected({ corrected }: { corrected: FactoryCollection['corrected'] }) {
  const { sweeps, missed, outdated, lastAt } = corrected
  if (sweeps === 0) return 'none yet'
  const found =
    missed + outdated === 0
      ? 'and found nothing missed'
      : `and corrected ${formatCount(missed)} missed, ${formatCount(outdated)} outdated`
  return (
    <>
      {formatCounted(sweeps, 'range')} read once more {found}
      {lastAt && (
        <>
          , last <Age instant={lastAt} /> ago
        </>
      )}
    </>
  )
}

function Fill({ factory }: { factory: Factory }) {
  const { fill, coverage, name } = factory
  const watched = isWatched(factory)
  if (!fill || coverage.complete) return null
  const { reason, recordsRead, recordsLeft, secondsLeft, costLeftUsd, ceiling } = fill
  const figures = [
    `${formatCounted(recordsRead, 'record')} read`,
    recordsLeft === null ? '' : `about ${formatCount(recordsLeft)} left`,
    // Nothing of it passes while nobody reads.
    secondsLeft === null || !watched ? '' : `about ${formatDuration(secondsLeft * 1_000)}`,
    costLeftUsd === null ? '' : `list price ${formatUsd(costLeftUsd)}`,
    ceiling === null ? '' : `ceiling ${formatCounted(ceiling, 'record')}`,
  ]
  return (
    <div className={styles.fill}>
      <Progress done={coverage.doneShare} label={`History of ${name} read`} />
      <p>
        {coverage.doneShare !== null
          ? `${formatDone(coverage.doneShare)} read`
          : watched
            ? 'Being read'
            : 'Read in part'}
        {reason && <span className={text.stale}>, not updating: {reason}</span>}
      </p>
      <p className={text.muted}>{figures.filter(Boolean).join(' · ')}</p>
    </div>
  )
}

const mostGaps = 5

/** What of its history is not here: before coverage, in between, and after it. */
function Missing({ factory }: { factory: Factory }) {
  const { gaps, to, wantedFrom } = factory.coverage
  const older = lacksOlder(factory)
  const newest = lacksNewest(factory)
  if (!older && !newest && gaps.length === 0) return 'nothing'
  return (
    <>
      {older && (
        <p>
          older history
          {wantedFrom && (
            <>
              {' '}
              back to <Time instant={wantedFrom} />
            </>
          )}
          <span className={text.muted}>{olderWords(factory)}</span>
        </p>
      )}
      <Gaps gaps={gaps} />
      {newest && (
        <p>
          the newest, since <Time instant={to} />
        </p>
      )}
    </>
  )
}

/** Whether older history is going to be read. */
function olderWords(factory: Factory): string {
  if (factory.state === 'gone') return ', not read before Azure no longer listed it'
  return isWatched(factory) ? ', still to be read' : ''
}

function Gaps({ gaps }: { gaps: Factory['coverage']['gaps'] }) {
  const [all, setAll] = useState(false)
  if (gaps.length === 0) return null
  const shown = all ? gaps : gaps.slice(0, mostGaps)
  return (
    <>
      <ul className={styles.gaps}>
        {shown.map((gap) => (
          <li key={gap.from}>
            <Time instant={gap.from} /> – <Time instant={gap.to} />
            <span className={text.muted}>, {gap.reason}</span>
          </li>
        ))}
      </ul>
      {shown.length < gaps.length && (
        <Button size="small" look="plain" onClick={() => setAll(true)}>
          {formatCount(gaps.length - shown.length)} more
        </Button>
      )}
    </>
  )
}

/** What asking Azure took in the last 24 hours, by purpose. */
function Asking({ factory, collection }: DetailsProps) {
  return (
    <>
      <h2>Asking Azure, last 24 h</h2>
      {collection === undefined ? (
        <p className={text.muted}>Not known.</p>
      ) : uncounted(factory, collection) ? (
        <p className={text.muted}>Not counted yet; the first figures come within a minute.</p>
      ) : collection.usage.by.length === 0 ? (
        <p className={text.muted}>No request was sent.</p>
      ) : (
        <UsageTable usage={collection.usage} />
      )}
    </>
  )
}

function UsageTable({ usage }: { usage: FactoryCollection['usage'] }) {
  const rows = [...usage.by, { ...usage, label: 'All' }]
  return (
    <div className={styles.usagePlace}>
      <table className={styles.usage} aria-label="Requests by purpose">
        <thead>
          <tr>
            <th scope="col">Purpose</th>
            <th scope="col">Requests</th>
            <th scope="col">Records</th>
            <th scope="col">Throttled</th>
            <th scope="col">Failed</th>
            <th scope="col">List price</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, requests, records, throttled, failed, costUsd }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{formatCount(requests)}</td>
              <td>{formatCount(records)}</td>
              <td className={throttled > 0 ? text.stale : undefined}>{formatCount(throttled)}</td>
              <td className={failed > 0 ? text.bad : undefined}>{formatCount(failed)}</td>
              <td>{formatUsd(costUsd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const dollars = new Intl.NumberFormat(undefined, {
  style: 'currency',
  currency: 'USD',
  currencyDisplay: 'narrowSymbol',
})

/** "$0.42"; less than a cent, but not nothing, is "< $0.01". */
function formatUsd(amount: number): string {
  if (amount > 0 && amount < 0.005) return `<\u00a0${dollars.format(0.01)}`
  return dollars.format(amount)
}
