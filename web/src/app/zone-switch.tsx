import { Icon } from '../icons/icon'
import { useScope, useSetScope } from '../search/use-scope'
import { Button } from '../state/button'
import { useNow } from '../time/clock'
import { localZone, zoneName } from '../time/zone'
import styles from './controls.module.css'

/** Writes all times in the browser's zone or in UTC. Where these are the same, there is nothing to switch. */
export function ZoneSwitch() {
  const { zone } = useScope()
  const setScope = useSetScope()
  const now = useNow(60_000)
  const mine = zoneName(localZone(), now)
  if (mine === 'UTC') return <span className={styles.zone}>UTC</span>
  const [shown, other] = zone === 'utc' ? ['UTC', mine] : [mine, 'UTC']
  return (
    <Button
      look="plain"
      className={styles.quiet}
      title={`Times are of ${shown}. Switch to ${other}`}
      onClick={() => setScope({ zone: zone === 'utc' ? undefined : 'utc' })}
    >
      <Icon name="globe" size={14} />
      {shown}
    </Button>
  )
}
