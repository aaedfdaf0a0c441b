import type { ComponentPropsWithRef } from 'react'
import { Icon, type IconName } from '../icons/icon'
import styles from './button.module.css'
import { classes } from './classes'

interface ButtonProps extends ComponentPropsWithRef<'button'> {
  /** `plain` has no outline; `primary` is filled with ink, once in a panel at most. */
  look?: 'outlined' | 'plain' | 'primary'
  /** 28 px high, or 24 inside panels. */
  size?: 'normal' | 'small'
  icon?: IconName
  /** An icon alone needs `aria-label`, which is shown on hover too. */
  children?: React.ReactNode
}

/** A button with the board's look; passes everything else on, so Base UI can render its triggers with it. */
export function Button({
  look = 'outlined',
  size = 'normal',
  icon,
  children,
  className,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      title={children === undefined ? rest['aria-label'] : undefined}
      {...rest}
      className={classes(styles.button, styles[look], size === 'small' && styles.small, className)}
    >
      {icon && <Icon name={icon} size={14} />}
      {children}
    </button>
  )
}
