import { useEffect, useState } from 'react'
import { Button } from './button'

interface CopyButtonProps {
  /** What is put on the clipboard. */
  text: string
  /** What it is, for the name of the button: "Copy run id". */
  what: string
  /** Shows the word beside the icon. */
  withWord?: boolean
}

/** Copies a text, and says for two seconds whether that worked. */
export function CopyButton({ text, what, withWord }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 2_000)
    return () => clearTimeout(timer)
  }, [state])

  const word = { idle: 'Copy', copied: 'Copied', refused: 'The browser refused' }[state]
  const copy = async () => setState((await copyText(text)) ? 'copied' : 'refused')
  return (
    <Button
      look="plain"
      size="small"
      icon={state === 'copied' ? 'check' : 'copy'}
      aria-label={withWord ? undefined : state === 'idle' ? `Copy ${what}` : word}
      title={state === 'idle' ? `Copy ${what}` : word}
      onClick={copy}
    >
      {withWord ? <span aria-live="polite">{word}</span> : undefined}
    </Button>
  )
}

/** Puts a text on the clipboard; false when the browser does not allow it, as on plain http beyond loopback. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

// The clipboard interface exists only on https and loopback; Andon may be served by plain http in a company's network.
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  const active = document.activeElement
  document.body.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    area.remove()
    if (active instanceof HTMLElement) active.focus()
  }
}
