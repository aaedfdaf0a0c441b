interface HatchProps {
  id: string
  /** Colours its lines. */
  className?: string | undefined
}

/** A pattern of slanting lines, for where nothing is known: `fill="url(#id)"`. */
export function Hatch({ id, className }: HatchProps) {
  return (
    <defs>
      <pattern
        id={id}
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <line className={className} x1="0" y1="0" x2="0" y2="6" />
      </pattern>
    </defs>
  )
}
