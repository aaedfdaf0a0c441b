import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { factoriesQuery } from '../api/factories'
import { Icon, type IconName, Logo } from '../icons/icon'
import { useScope } from '../search/use-scope'
import text from '../state/text.module.css'
import { formatCount } from '../time/format'
import { summarizeFreshness } from './freshness-summary'
import styles from './rail.module.css'
import { type Theme, useTheme } from './theme'

const pages = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/runs', label: 'Runs', icon: 'runs' },
  { to: '/factories', label: 'Factories', icon: 'factory' },
] as const satisfies { to: string; label: string; icon: IconName }[]

const themeWords: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' }

interface RailProps {
  /** A page was chosen: the sheet on narrow screens closes then. */
  onNavigate?: () => void
  /** What narrow screens have no room for in the header. */
  extra?: React.ReactNode
}

/** The pages, and the theme at the foot. */
export function Rail({ onNavigate, extra }: RailProps) {
  const [theme, nextTheme] = useTheme()
  return (
    <nav className={styles.rail} aria-label="Pages and settings">
      <p className={styles.brand}>
        <Logo /> Andon
      </p>
      <ul>
        {pages.map((page) => (
          <li key={page.to}>
            <Link
              className={styles.entry}
              to={page.to}
              activeOptions={{ exact: page.to === '/', includeSearch: false }}
              onClick={() => onNavigate?.()}
            >
              <Icon name={page.icon} />
              {page.label} {page.to === '/factories' && <NotFreshCount />}
            </Link>
          </li>
        ))}
      </ul>
      {extra && <div className={styles.extra}>{extra}</div>}
      <div className={styles.foot}>
        <button type="button" className={styles.entry} onClick={nextTheme}>
          <Icon name="theme" />
          Theme <span className={styles.aside}>{themeWords[theme]}</span>
        </button>
      </div>
    </nav>
  )
}

/** How many factories of the scope are not kept up to date; nothing when all are. */
function NotFreshCount() {
  const { factory } = useScope()
  const { data } = useQuery(factoriesQuery())
  if (!data) return null
  const { stale, neverRead, sourceErrors } = summarizeFreshness(data.items, data.sources, factory)
  if (stale + neverRead > 0) return <Badge count={stale + neverRead} words="not fresh" />
  // A source that never gave a factory has none to be counted.
  return sourceErrors > 0 ? (
    <Badge
      count={sourceErrors}
      words={sourceErrors === 1 ? 'source in trouble' : 'sources in trouble'}
    />
  ) : null
}

function Badge({ count, words }: { count: number; words: string }) {
  return (
    <span className={styles.badge} title={`${formatCount(count)} ${words}`}>
      {formatCount(count)} <span className={text.hidden}>{words}</span>
    </span>
  )
}
