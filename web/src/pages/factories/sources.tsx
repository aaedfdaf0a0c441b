import type { Factory, Source } from '../../api/types'
import { isAsked } from '../../factory/state'
import { StateMark } from '../../factory/state-mark'
import { Icon } from '../../icons/icon'
import { CommandBox } from '../../state/command-box'
import text from '../../state/text.module.css'
import { StaleMark } from '../../status/status-mark'
import { useNow } from '../../time/clock'
import { formatCounted, formatDate } from '../../time/format'
import { toMillis } from '../../time/instant'
import { Age } from '../../time/time'
import { useZone } from '../../time/zone'
import { verdictOf } from './check'
import { CheckFindings, CheckOutcome } from './check-report'
import styles from './factories.module.css'
import { CheckButton } from './source-card'
import { asSentence } from './trouble'
import { useSourceCheck } from './use-check'

interface SourcesProps {
  /** Those that have no card of their own above. */
  sources: Source[]
  factories: Factory[]
}

/** The sources that give no trouble: what they see, when their credential ends, and a check on demand. */
export function Sources({ sources, factories }: SourcesProps) {
  if (sources.length === 0) return null
  return (
    <section className={styles.sources} aria-labelledby="sources">
      <h2 id="sources">Sources</h2>
      <ul>
        {sources.map((source) => (
          <SourceLine
            key={source.source}
            source={source}
            count={factories.filter((f) => f.source === source.source).length}
          />
        ))}
      </ul>
    </section>
  )
}

function SourceLine({ source, count }: { source: Source; count: number }) {
  const check = useSourceCheck(source)
  const asked = isAsked(source)
  const { report } = check
  return (
    <li className={styles.source}>
      <StateMark state={asked ? 'fresh' : 'not collected'} />
      <span>
        {source.source}
        {!asked && <span className={text.muted}>, not asked by this server</span>}
      </span>
      <span className={text.muted}>
        <Facts source={source} count={count} />
      </span>
      <span className={text.muted}>
        {report && (
          <>
            checked <Age instant={report.checkedAt} /> ago: {verdictOf(report)}
          </>
        )}
      </span>
      {asked && (
        <>
          <CheckButton
            check={check}
            onRun={check.run}
            again={report !== null}
            of={`source ${source.source}`}
          />
          <CheckOutcome check={check} />
        </>
      )}
      {report && (
        <details className={styles.sourceReport}>
          <summary className={styles.finding}>
            What the check found
            <Icon name="down" size={12} />
          </summary>
          <CheckFindings source={source.source} check={check} />
        </details>
      )}
    </li>
  )
}

function Facts({ source, count }: { source: Source; count: number }) {
  const zone = useZone()
  const now = useNow(60_000)
  const ends = toMillis(source.credentialExpires)
  const facts = [
    formatCounted(count, 'factory', 'factories'),
    source.subscriptions === null ? '' : subscriptionsOf(source.subscriptions),
    source.credential === null
      ? ''
      : ends === null
        ? source.credential
        : `${source.credential} until ${formatDate(ends, zone, now)}`,
  ]
  return facts.filter(Boolean).join(' · ')
}

function subscriptionsOf(count: number): string {
  return formatCounted(count, 'subscription')
}

interface NoticeProps {
  /** What it is about, for those who jump from region to region. */
  label: string
  title: React.ReactNode
  advice: string | null
  command?: string | null
}

/** A quiet word in time about a source that works. */
function Notice({ label, title, advice, command }: NoticeProps) {
  return (
    <section className={styles.notice} aria-label={label}>
      <StaleMark />
      <div className={styles.cause}>
        <h2>{title}</h2>
        <p className={text.muted}>{asSentence(advice ?? '')}</p>
        {command && (
          <div className={styles.command}>
            <CommandBox command={command} />
          </div>
        )}
      </div>
    </section>
  )
}

/** Polls that the budget does not let come as often as wanted: said before anybody wonders. */
export function HeldBack({ sources }: { sources: Source[] }) {
  return sources.map(({ source, pace, paceAdvice }) => (
    <Notice
      key={source}
      label={`Pace of ${source}`}
      title={`${source}: ${pace}`}
      advice={paceAdvice}
    />
  ))
}

/** Credentials that end soon, while they still work. */
export function Expiring({ sources }: { sources: Source[] }) {
  const zone = useZone()
  const now = useNow(60_000)
  return sources.map(({ source, credential, credentialExpires, expiryAdvice, expiryCommand }) => {
    const ends = toMillis(credentialExpires)
    const days = ends === null ? null : Math.floor((ends - now) / 86_400_000)
    const when =
      ends === null || days === null
        ? 'ends soon'
        : `${days < 0 ? 'ended' : 'ends'} on ${formatDate(ends, zone, now)}${inDays(days)}`
    return (
      <Notice
        key={source}
        label={`Credential of ${source}`}
        title={`${source}: the ${credential ?? 'credential'} ${when}`}
        advice={expiryAdvice}
        command={expiryCommand}
      />
    )
  })
}

function inDays(days: number): string {
  if (days < 0) return ''
  return days === 0 ? ', within a day' : `, in ${days}\u00a0d`
}
