import { Tabs as Base } from '@base-ui/react/tabs'
import styles from './tabs.module.css'

interface Tab<Id extends string> {
  id: Id
  label: string
  /** A figure beside the label; null when it is not known. */
  count?: number | null
  /** Drawn only while its tab is chosen. */
  panel: () => React.ReactNode
}

interface TabsProps<Id extends string> {
  /** What the tabs are about, for screen readers. */
  label: string
  tabs: Tab<Id>[]
  value: Id
  onChange: (id: Id) => void
}

/** Tabs whose choice is the caller's, so that it can stand in the URL. */
export function Tabs<Id extends string>({ label, tabs, value, onChange }: TabsProps<Id>) {
  return (
    <Base.Root value={value} onValueChange={(id) => onChange(id as Id)}>
      <Base.List className={styles.list} aria-label={label}>
        {tabs.map((tab) => (
          <Base.Tab key={tab.id} value={tab.id} className={styles.tab}>
            {tab.label}
            {tab.count !== undefined && tab.count !== null && (
              <span className={styles.count}>{tab.count.toLocaleString()}</span>
            )}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map((tab) => (
        <Base.Panel key={tab.id} value={tab.id} className={styles.panel}>
          {tab.id === value && tab.panel()}
        </Base.Panel>
      ))}
    </Base.Root>
  )
}
