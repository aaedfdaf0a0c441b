import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react'

/** One key or two in a row ("g o"); "mod+k" is ⌘K on Apple's machines and Ctrl+K elsewhere. */
export interface Shortcut {
  keys: string
  /** What it does, for the list behind "?". */
  what: string
}

interface Registration extends Shortcut {
  run: () => void
}

const sequenceTimeout = 1_000

/**
 * Knows which keys do something right now. The last to register a key has it, and the shell's stand before all others:
 * so a page can take one over, though React lets the pages inside register before the shell around them.
 */
class Shortcuts {
  #registered: Registration[] = []
  #listeners = new Set<() => void>()
  #snapshot: Shortcut[] = []
  #pending: { key: string; at: number } | null = null

  register(registration: Registration, first: boolean): () => void {
    this.#registered = first
      ? [registration, ...this.#registered]
      : [...this.#registered, registration]
    this.#changed()
    return () => {
      this.#registered = this.#registered.filter((other) => other !== registration)
      this.#changed()
    }
  }

  /** The keys that work now, in the order in which they were registered. */
  list = (): Shortcut[] => this.#snapshot

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Runs what the key stands for; true when it stood for something. */
  handle(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || event.isComposing || event.altKey) return false
    const mod = event.metaKey || event.ctrlKey
    const key = mod ? `mod+${event.key.toLowerCase()}` : event.key
    if (!mod && (isTyping(event.target) || isInsideOverlay(event.target))) return false
    if (key === 'Enter' && isControl(event.target)) return false

    const pending = this.#pending
    this.#pending = null
    if (pending && event.timeStamp - pending.at < sequenceTimeout) {
      const found = this.#find(`${pending.key} ${key}`)
      if (found) return this.#run(found, event)
    }
    const found = this.#find(key)
    if (found) return this.#run(found, event)
    if (this.#registered.some((r) => r.keys.startsWith(`${key} `))) {
      this.#pending = { key, at: event.timeStamp }
    }
    return false
  }

  #find(keys: string): Registration | undefined {
    return this.#registered.findLast((r) => r.keys === keys)
  }

  #run(registration: Registration, event: KeyboardEvent): boolean {
    event.preventDefault()
    registration.run()
    return true
  }

  #changed() {
    const byKeys = new Map(this.#registered.map(({ keys, what }) => [keys, { keys, what }]))
    this.#snapshot = [...byKeys.values()]
    for (const listener of this.#listeners) listener()
  }
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT')
    return true
  return target instanceof HTMLInputElement && !/^(checkbox|radio|button)$/.test(target.type)
}

/** Enter presses these, whatever else it would mean. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a, button, summary, [role="slider"]') !== null
}

/** An open dialog or popover has the keyboard for itself. */
function isInsideOverlay(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role="dialog"]') !== null
}

const ShortcutsContext = createContext<Shortcuts | null>(null)

/** Listens to the keyboard for everything below it. */
export function ShortcutsProvider({ children }: { children: React.ReactNode }) {
  const [shortcuts] = useState(() => new Shortcuts())
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => shortcuts.handle(event)
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [shortcuts])
  return <ShortcutsContext value={shortcuts}>{children}</ShortcutsContext>
}

function useShortcuts(): Shortcuts {
  const shortcuts = useContext(ShortcutsContext)
  if (!shortcuts) throw new Error('a shortcut was used outside of ShortcutsProvider')
  return shortcuts
}

/** Gives a key a meaning while the component is there; listed under "?" with `what`. */
export function useShortcut(keys: string, what: string, run: () => void, enabled = true): void {
  useRegistration({ keys, what, run }, enabled, false)
}

/** The same for the shell: a page may give the key another meaning. */
export function useShellShortcut(keys: string, what: string, run: () => void): void {
  useRegistration({ keys, what, run }, true, true)
}

function useRegistration({ keys, what, run }: Registration, enabled: boolean, first: boolean) {
  const shortcuts = useShortcuts()
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(() => {
    if (!enabled) return
    return shortcuts.register({ keys, what, run: () => latest.current() }, first)
  }, [shortcuts, keys, what, enabled, first])
}

/** The keys that work right now. */
export function useShortcutList(): Shortcut[] {
  const shortcuts = useShortcuts()
  return useSyncExternalStore(shortcuts.subscribe, shortcuts.list)
}
