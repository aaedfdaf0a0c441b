import { Link } from '@tanstack/react-router'
import { Icon, type IconName, Logo } from '../icons/icon'
import styles from './rail.module.css'
import { type Theme, useTheme } from './theme'

const pages = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/runs', label: 'Runs', icon: 'runs' },
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
              {page.label}
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
