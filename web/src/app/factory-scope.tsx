import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { factoriesQuery } from '../api/factories'
import type { Factory } from '../api/types'
import { Icon } from '../icons/icon'
import { useScope, useSetScope } from '../search/use-scope'
import { Button } from '../state/button'
import { Name } from '../state/name'
import { formatCount, formatCounted } from '../time/format'
import styles from './controls.module.css'
import { Popover } from './popover'

/** Chooses the factories that every page is about. */
export function FactoryScope() {
  const { factory } = useScope()
  const factories = useQuery(factoriesQuery())
  const [open, setOpen] = useState(false)
  const items = factories.data?.items ?? []
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      title="Factories"
      trigger={
        <Button look="plain" className={styles.control}>
          <Icon name="factory" size={14} />
          <span className={styles.cut}>
            {!factory && items.length > 1 && <span className={styles.wide}>All </span>}
            {scopeName(factory, items)}
          </span>
          <Icon name="down" size={14} />
        </Button>
      }
    >
      <FactoryChoice factories={items} chosen={factory ?? []} failed={factories.isError} />
    </Popover>
  )
}

/** "14 factories", "sales-prod", "3 of 14 factories". A factory that is not known is named by its short id. */
function scopeName(chosen: string[] | undefined, factories: Factory[]): string {
  if (!chosen) {
    if (factories.length === 0) return 'All factories'
    return formatCounted(factories.length, 'factory', 'factories')
  }
  const [only, ...others] = chosen
  if (others.length === 0) return factories.find((f) => f.factory === only)?.name ?? only ?? ''
  const known = chosen.filter((id) => factories.some((f) => f.factory === id)).length
  // Of some that are chosen nothing is known, yet or any more: they are counted by themselves.
  if (known < chosen.length) return formatCounted(chosen.length, 'factory', 'factories')
  return `${formatCount(known)} of ${formatCounted(factories.length, 'factory', 'factories')}`
}

interface FactoryChoiceProps {
  factories: Factory[]
  chosen: string[]
  failed: boolean
}

function FactoryChoice({ factories, chosen, failed }: FactoryChoiceProps) {
  const setScope = useSetScope()
  const [typed, setTyped] = useState('')
  const shown = factories
    .filter((f) => f.name.toLowerCase().includes(typed.trim().toLowerCase()))
    .sort((a, b) => a.name.localeCompare(b.name))
  const choose = (ids: string[]) => setScope({ factory: ids.length === 0 ? undefined : ids })
  const toggle = (id: string) =>
    choose(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])

  return (
    <>
      {factories.length > 8 && (
        <input
          className={styles.field}
          type="search"
          aria-label="Find a factory"
          placeholder="Find a factory"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
      {failed && <p className={styles.note}>The list of factories could not be read.</p>}
      {!failed && shown.length === 0 && <p className={styles.note}>No factory is named so.</p>}
      <ul className={styles.choices}>
        {shown.map((f) => (
          <li key={f.factory}>
            <label className={styles.choice}>
              <input
                type="checkbox"
                checked={chosen.includes(f.factory)}
                onChange={() => toggle(f.factory)}
              />
              <span className={styles.cut}>
                <Name>{f.name}</Name>
              </span>
              <span className={styles.aside}>{f.resourceGroup}</span>
            </label>
          </li>
        ))}
      </ul>
      {chosen.length > 0 && (
        <div className={styles.actions}>
          <Button size="small" onClick={() => choose([])}>
            Show all factories
          </Button>
        </div>
      )}
    </>
  )
}
