import { createContext, useContext, useEffect, useState } from 'react'
import styles from './notice.module.css'

const NoticeContext = createContext<(text: string) => void>(() => {})

/** Shows short confirmations at the foot of the page, and has them read out. */
export function NoticeProvider({ children }: { children: React.ReactNode }) {
  const [notice, setNotice] = useState({ text: '', count: 0 })
  useEffect(() => {
    if (!notice.text) return
    const timer = setTimeout(() => setNotice((n) => ({ ...n, text: '' })), 3_000)
    return () => clearTimeout(timer)
  }, [notice])
  const [notify] = useState(
    () => (text: string) => setNotice((before) => ({ text, count: before.count + 1 })),
  )
  return (
    <NoticeContext value={notify}>
      {children}
      <div className={styles.place} role="status">
        {notice.text && <p className={styles.notice}>{notice.text}</p>}
      </div>
    </NoticeContext>
  )
}

/** Says something short, such as "Link copied". */
export function useNotify(): (text: string) => void {
  return useContext(NoticeContext)
}
