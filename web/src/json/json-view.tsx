import { useState } from 'react'
import { Button } from '../state/button'
import { classes } from '../state/classes'
import { CopyButton } from '../state/copy'
import text from '../state/text.module.css'
import { formatCounted } from '../time/format'
import styles from './json-view.module.css'

interface JsonViewProps {
  value: unknown
  /** What it is, for the names of its controls: "raw run". */
  name: string
  /** How many levels stand open at first. */
  open?: number
}

/** JSON to read, fold and copy. Everything stays text: nothing in it is ever taken for markup. */
export function JsonView({ value, name, open = 2 }: JsonViewProps) {
  const json = JSON.stringify(value, null, 2) as string | undefined
  return (
    <div className={styles.view}>
      <div className={styles.copy}>
        <CopyButton text={json ?? ''} what={name} />
      </div>
      <Node value={value} label={null} open={open} last />
      {json?.includes(redacted) && (
        <p className={text.muted}>
          {redacted} stands for what looked like a secret and is not stored.
        </p>
      )}
    </div>
  )
}

/** What the server puts in the place of a secret. */
const redacted = '<redacted>'

interface NodeProps {
  value: unknown
  /** The member's name; null for the root and for items of arrays. */
  label: string | null
  /** Levels still to stand open. */
  open: number
  last: boolean
}

function Node({ value, label, open, last }: NodeProps) {
  if (typeof value === 'object' && value !== null) {
    return <Branch value={value} label={label} open={open} last={last} />
  }
  return (
    <div className={styles.line}>
      <Label label={label} />
      <Leaf value={value} />
      {!last && ','}
    </div>
  )
}

const pageOfMembers = 100

function Branch({ value, label, open, last }: NodeProps & { value: object }) {
  const [shown, setShown] = useState(open > 0)
  const [most, setMost] = useState(pageOfMembers)
  const isArray = Array.isArray(value)
  const members = Object.entries(value)
  const [before, after] = isArray ? ['[', ']'] : ['{', '}']
  const end = `${after}${last ? '' : ','}`
  if (members.length === 0) {
    return (
      <div className={styles.line}>
        <Label label={label} />
        {before}
        {end}
      </div>
    )
  }
  const size = formatCounted(members.length, isArray ? 'item' : 'member')
  return (
    <div>
      <div className={styles.line}>
        <button
          type="button"
          className={styles.toggle}
          aria-expanded={shown}
          aria-label={`${label ?? 'value'}, ${size}`}
          onClick={() => setShown(!shown)}
        >
          <span className={classes(styles.caret, shown && styles.open)} aria-hidden="true" />
        </button>
        <Label label={label} />
        {before}
        {!shown && (
          <>
            <span className={styles.size}> {size} </span>
            {end}
          </>
        )}
      </div>
      {shown && (
        <>
          <div className={styles.members}>
            {members.slice(0, most).map(([key, member], index) => (
              <Node
                key={key}
                value={member}
                label={isArray ? null : key}
                open={open - 1}
                last={index === members.length - 1}
              />
            ))}
            {members.length > most && (
              <Button size="small" onClick={() => setMost(most + pageOfMembers)}>
                {(members.length - most).toLocaleString()} more
              </Button>
            )}
          </div>
          <div className={styles.line}>{end}</div>
        </>
      )}
    </div>
  )
}

function Label({ label }: { label: string | null }) {
  if (label === null) return null
  return (
    <>
      <span className={styles.key}>{JSON.stringify(label)}</span>
      {': '}
    </>
  )
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string')
    return <span className={styles.string}>{JSON.stringify(value)}</span>
  return <span className={styles.atom}>{value === undefined ? 'undefined' : String(value)}</span>
}
