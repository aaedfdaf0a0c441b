import { useLayoutEffect, useRef, useState } from 'react'
import { Button } from '../state/button'
import { classes } from '../state/classes'
import styles from './long-text.module.css'

interface LongTextProps {
  children: string
  /** What the text is, for the button that shows all of it: "message". */
  what: string
}

/** A text of any length as it stands; its first lines, and all of it on demand. */
export function LongText({ children: content, what }: LongTextProps) {
  const element = useRef<HTMLPreElement>(null)
  const [whole, setWhole] = useState(false)
  const [cut, setCut] = useState(false)
  useLayoutEffect(() => {
    const pre = element.current
    if (!pre) return
    const measure = () => setCut(pre.scrollHeight > pre.clientHeight + 1)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(pre)
    return () => observer.disconnect()
  }, [])
  return (
    <>
      <pre ref={element} className={classes(styles.text, !whole && styles.short)}>
        {content}
      </pre>
      {(cut || whole) && (
        <Button
          size="small"
          look="plain"
          className={styles.more}
          aria-expanded={whole}
          onClick={() => setWhole(!whole)}
        >
          {whole ? `Less of the ${what}` : `Whole ${what}`}
        </Button>
      )}
    </>
  )
}
