import { Dialog } from '@base-ui/react/dialog'
import { Outlet, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Icon } from '../icons/icon'
import { EarlyKeys } from '../keys/early-keys'
import { useShellShortcut } from '../keys/shortcuts'
import { rangeChange, useScope, useSetScope } from '../search/use-scope'
import { Button } from '../state/button'
import { copyText } from '../state/copy'
import { commandKey, Kbd } from '../state/kbd'
import { useMedia, withoutRail } from '../table/use-media'
import { useClock } from '../time/clock'
import { widenRange } from '../time/range'
import { localZone, ZoneProvider } from '../time/zone'
import { FactoryScope } from './factory-scope'
import { Freshness } from './freshness'
import { LeftOutNotice } from './left-out'
import { NoticeProvider, useNotify } from './notice'
import { Rail } from './rail'
import { RangeControl } from './range-control'
import styles from './shell.module.css'
import { ZoneSwitch } from './zone-switch'

// Neither is there at first sight, so neither is part of the first load.
const Palette = lazy(() => import('./palette'))
const Help = lazy(() => import('./help'))

/** The frame around every page: rail, header, keys. */
export function Shell() {
  const { zone } = useScope()
  return (
    <ZoneProvider value={zone === 'utc' ? 'UTC' : localZone()}>
      <NoticeProvider>
        <Frame />
      </NoticeProvider>
    </ZoneProvider>
  )
}

type Overlay = 'palette' | 'help' | 'range' | 'sheet' | null

function Frame() {
  const narrow = useMedia(withoutRail)
  const [overlay, setOverlay] = useState<Overlay>(null)
  const [early] = useState(() => new EarlyKeys())
  const show = (next: Overlay) => {
    if (next !== 'palette') early.take()
    else if (overlay !== 'palette') early.start() // once open, its field has the keys
    setOverlay(next)
  }
  const close = () => show(null)
  useShellKeys(show)

  const find = (
    <Button className={styles.find} onClick={() => show('palette')}>
      <Icon name="search" size={14} />
      <span>Search or jump to…</span>
      <Kbd>{commandKey()} K</Kbd>
    </Button>
  )
  return (
    <div className={styles.app}>
      <a className={styles.skip} href="#content">
        Skip to content
      </a>
      {!narrow && (
        <div className={styles.side}>
          <Rail />
        </div>
      )}
      <div className={styles.body}>
        <header className={styles.head}>
          {narrow && (
            <Button
              look="plain"
              icon="menu"
              aria-label="Pages and settings"
              aria-haspopup="dialog"
              aria-expanded={overlay === 'sheet'}
              onClick={() => setOverlay('sheet')}
            />
          )}
          <FactoryScope />
          <RangeControl
            open={overlay === 'range'}
            onOpenChange={(open) => setOverlay(open ? 'range' : null)}
          />
          {!narrow && <ZoneSwitch />}
          <div className={styles.end}>
            <Freshness />
            {!narrow && find}
          </div>
        </header>
        <main id="content" className={styles.main} tabIndex={-1}>
          <LeftOutNotice />
          <Outlet />
        </main>
      </div>
      {narrow && (
        <Sheet open={overlay === 'sheet'} onClose={close}>
          <Rail
            onNavigate={close}
            extra={
              <>
                {find}
                <ZoneSwitch />
              </>
            }
          />
        </Sheet>
      )}
      <Suspense>
        {overlay === 'palette' && <Palette early={early} onClose={close} />}
        {overlay === 'help' && <Help onClose={close} />}
      </Suspense>
    </div>
  )
}

interface SheetProps {
  open: boolean
  onClose: () => void
  children: React.ReactNode
}

function Sheet({ open, onClose, children }: SheetProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.veil} />
        <Dialog.Popup className={styles.sheet} aria-label="Pages and settings">
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function useShellKeys(show: (overlay: Overlay) => void) {
  const navigate = useNavigate()
  const notify = useNotify()
  const clock = useClock()
  const scope = useScope()
  const setScope = useSetScope()

  useShellShortcut('mod+k', 'Search or jump to…', () => show('palette'))
  useShellShortcut('/', 'Find', () => show('palette'))
  useShellShortcut('g o', 'Go to the overview', () => void navigate({ to: '/' }))
  useShellShortcut('g r', 'Go to the runs', () => void navigate({ to: '/runs' }))
  useShellShortcut('g a', 'Go to the factories', () => void navigate({ to: '/factories' }))
  useShellShortcut('t', 'Choose the time range', () => show('range'))
  useShellShortcut('z', 'Zoom out in time', () => {
    setScope(rangeChange(widenRange(scope, clock.now())))
  })
  useShellShortcut('c', 'Copy the link to this page', async () => {
    const copied = await copyText(location.href)
    notify(copied ? 'Link copied' : 'The browser did not allow copying')
  })
  useShellShortcut('?', 'Show the keys', () => show('help'))
}
