import { useEffect, useState } from 'react'
import styles from './state.module.css'
import text from './text.module.css'

interface LoadingProps {
  /** What is awaited, for screen readers: "Loading runs". */
  label: string
  /** The true shape: heights in pixels of the blocks that will stand here. */
  blocks: number[]
}

/** Keeps the place of what is loading, and shows its shape once that takes longer than 150 ms. */
export function Loading({ label, blocks }: LoadingProps) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className={styles.skeleton} aria-busy="true">
      <span className={text.hidden} role="status">
        {shown ? label : ''}
      </span>
      {blocks.map((height, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks are nothing but places
          key={index}
          className={shown ? styles.bone : undefined}
          style={{ height }}
        />
      ))}
    </div>
  )
}
