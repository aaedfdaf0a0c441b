import styles from './icon.module.css'

// Drawn in a 16 px box with 1.5 px round strokes in the colour of the text around them.
const paths = {
  overview: 'M2.5 2.5h4.5v5h-4.5zM9 2.5h4.5v3h-4.5zM9 8h4.5v5.5h-4.5zM2.5 10h4.5v3.5h-4.5z',
  runs: 'M2.5 4h.01M2.5 8h.01M2.5 12h.01M5.5 4h8M5.5 8h8M5.5 12h8',
  theme: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.2 3.2',
  calendar: 'M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v2.5M10.5 2v2.5',
  globe:
    'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM2 8h12M8 2c2 2 2.5 4 2.5 6S10 12 8 14C6 12 5.5 10 5.5 8S6 4 8 2z',
  copy: 'M5.5 5.5h8v8h-8zM10.5 3.5v-1h-8v8h1',
  external: 'M9.5 2.5h4v4M13.5 2.5 7.5 8.5M6.5 3.5h-4v10h10v-4',
  close: 'M4 4l8 8M12 4l-8 8',
  plus: 'M8 3v10M3 8h10',
  down: 'M4.5 6.5 8 10l3.5-3.5',
  right: 'M6.5 4.5 10 8l-3.5 3.5',
  arrow: 'M3 8h10M9.5 4.5 13 8l-3.5 3.5',
  up: 'M8 13V3M4.5 6.5 8 3l3.5 3.5',
  download: 'M8 2.5v7.5M5 7l3 3 3-3M3 13.5h10',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  check: 'M3.5 8.5 6.5 11.5 12.5 5',
  filter: 'M2.5 4h11M4.5 8h7M6.5 12h3',
  terminal: 'M2.5 3h11v10h-11zM5 6.5 7 8.5 5 10.5M8.5 10.5H11',
  info: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 7.5V11M8 5.1v.01',
  child: 'M4 2.5v6a2 2 0 0 0 2 2h6.5M9.5 7.5l3 3-3 3',
  trigger: 'M8.7 1.8 3.5 9h4l-.7 5.2L12.5 7h-4z',
  user: 'M8 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM3 13.5c.4-2.5 2.3-3.7 5-3.7s4.6 1.2 5 3.7',
  factory: 'M2.5 13.5v-7l3.5 2.5v-2.5l3.5 2.5v-6.5h4v11zM5.5 11h.01M8.5 11h.01',
  rerun: 'M4 3.5v3h3M4.3 6.3A5 5 0 1 1 3 9',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
} as const

export type IconName = keyof typeof paths

interface IconProps {
  name: IconName
  /** Side in pixels; 16 unless told. */
  size?: number
}

/** A picture beside a word or inside a labelled control; screen readers pass over it. */
export function Icon({ name, size = 16 }: IconProps) {
  return (
    <svg className={styles.icon} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={paths[name]} />
      {name === 'theme' && <path className={styles.solid} d="M8 2.2a5.8 5.8 0 0 1 0 11.6z" />}
    </svg>
  )
}

/** The board's own sign. */
export function Logo() {
  return (
    <svg viewBox="0 0 16 16" width={16} height={16} aria-hidden="true">
      <rect x="2" y="1" width="12" height="14" rx="3" fill="currentColor" />
      <circle cx="8" cy="4.6" r="1.6" fill="var(--andon-bad-fill)" />
      <circle cx="8" cy="8.3" r="1.2" fill="var(--andon-bg)" fillOpacity=".45" />
      <circle cx="8" cy="11.7" r="1.2" fill="var(--andon-bg)" fillOpacity=".45" />
    </svg>
  )
}
