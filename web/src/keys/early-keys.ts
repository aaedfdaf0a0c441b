/**
 * Keeps what is typed between the key that opens a field and the field's being there: a quick hand writes on while its
 * code is still being loaded, and no letter of it may be lost or taken for a shortcut.
 */
export class EarlyKeys {
  #typed = ''
  #stop: (() => void) | null = null

  start(): void {
    this.take()
    window.addEventListener('keydown', this.#onKeyDown, true)
    this.#stop = () => window.removeEventListener('keydown', this.#onKeyDown, true)
  }

  /** Stops, and returns what was typed. */
  take(): string {
    const typed = this.#typed
    this.#typed = ''
    this.#stop?.()
    this.#stop = null
    return typed
  }

  #onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      this.take()
      return
    }
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Backspace') this.#typed = this.#typed.slice(0, -1)
    else if ([...event.key].length === 1) this.#typed += event.key
    else return
    event.preventDefault()
    event.stopImmediatePropagation()
  }
}
