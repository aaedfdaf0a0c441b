import { Dialog } from '@base-ui/react/dialog'
import { type Shortcut, useShortcutList } from '../keys/shortcuts'
import { Button } from '../state/button'
import { commandKey, Kbd } from '../state/kbd'
import styles from './overlay.module.css'

/** The keys that work on this page now. */
export default function Help({ onClose }: { onClose: () => void }) {
  const shortcuts = useShortcutList()
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.veil} />
        <Dialog.Popup className={styles.help}>
          <div className={styles.top}>
            <Dialog.Title className={styles.title}>Keys</Dialog.Title>
            <Dialog.Close render={<Button look="plain" icon="close" aria-label="Close" />} />
          </div>
          <dl className={styles.keys}>
            {shortcuts.map((shortcut) => (
              <div key={shortcut.keys}>
                <dt>
                  <Keys shortcut={shortcut} />
                </dt>
                <dd>{shortcut.what}</dd>
              </div>
            ))}
          </dl>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Keys({ shortcut }: { shortcut: Shortcut }) {
  return shortcut.keys
    .replace('mod+k', `${commandKey()} K`)
    .split(' ')
    .map((key) => <Kbd key={key}>{key}</Kbd>)
}
