import { Dialog } from '@base-ui/react/dialog'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useDeferredValue, useEffect, useId, useRef, useState } from 'react'
import { factoriesQuery } from '../api/factories'
import { findRunsQuery } from '../api/runs'
import { Icon } from '../icons/icon'
import type { EarlyKeys } from '../keys/early-keys'
import { whyOf } from '../run/why'
import { useScope, useSetScope } from '../search/use-scope'
import { copyText } from '../state/copy'
import { Kbd } from '../state/kbd'
import { RunMark } from '../status/status-mark'
import { Time } from '../time/time'
import { useNotify } from './notice'
import styles from './overlay.module.css'
import { type Act, type Entry, entriesFor } from './palette-entries'

interface PaletteProps {
  /** What was typed before the field was there. */
  early: EarlyKeys
  onClose: () => void
}

/** Finds pipelines, runs and factories, goes to pages, does things. */
export default function Palette({ early, onClose }: PaletteProps) {
  const [typed, setTyped] = useState('')
  const [selected, setSelected] = useState(0)
  const q = useSettled(typed.trim())
  const scope = useScope()
  const factories = useQuery(factoriesQuery())
  // The API takes up to 200 characters.
  const found = useQuery(findRunsQuery(q.slice(0, 200)))
  const act = useAct()
  const id = useId()

  const entries = entriesFor({
    typed,
    factories: factories.data?.items ?? [],
    runs: found.data?.items ?? [],
    scoped: scope.factory !== undefined,
  })
  const at = Math.min(selected, entries.length - 1)
  const choose = (entry: Entry | undefined) => {
    if (!entry) return
    onClose()
    act(entry.act)
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const last = entries.length - 1
    const wanted = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key]
    if (wanted !== undefined) setSelected(wanted < 0 ? last : wanted > last ? 0 : wanted)
    else if (event.key === 'Enter') choose(entries[at])
    else return
    event.preventDefault()
  }

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.veil} />
        <Dialog.Popup className={styles.palette} aria-label="Search or jump to…">
          <div className={styles.query}>
            <Icon name="search" />
            <input
              type="text"
              role="combobox"
              aria-label="Search or jump to…"
              aria-expanded="true"
              aria-controls={id}
              aria-activedescendant={entries[at] ? `${id}-${at}` : undefined}
              aria-autocomplete="list"
              autoComplete="off"
              spellCheck={false}
              placeholder="A pipeline, a run id, words of an error, a factory"
              value={typed}
              onFocus={() => {
                const before = early.take()
                if (before) setTyped((now) => now + before)
              }}
              onChange={(event) => {
                setTyped(event.target.value)
                setSelected(0)
              }}
              onKeyDown={onKeyDown}
            />
            <Kbd>Esc</Kbd>
          </div>
          <Options
            id={id}
            entries={entries}
            selected={at}
            onHover={setSelected}
            onChoose={choose}
          />
          {entries.length === 0 && <p className={styles.nothing}>Nothing is found.</p>}
          <div className={styles.foot} aria-hidden="true">
            <span>
              <Kbd>↑</Kbd> <Kbd>↓</Kbd> choose
            </span>
            <span>
              <Kbd>Enter</Kbd> open
            </span>
            <span className={styles.end}>{found.isFetching ? 'searching' : ''}</span>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

interface OptionsProps {
  id: string
  entries: Entry[]
  selected: number
  onHover: (index: number) => void
  onChoose: (entry: Entry) => void
}

function Options({ id, entries, selected, onHover, onChoose }: OptionsProps) {
  const list = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls whenever another line is selected
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  const groups = [...new Set(entries.map((entry) => entry.group))]
  return (
    <div className={styles.options} id={id} role="listbox" aria-label="Found" ref={list}>
      {groups.map((group) => (
        // biome-ignore lint/a11y/useSemanticElements: groups of a listbox have no element of their own
        <div key={group} role="group" aria-label={group}>
          <div className={styles.group} aria-hidden="true">
            {group}
          </div>
          {entries.map(
            (entry, index) =>
              entry.group === group && (
                // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the option
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field handles the keys
                <div
                  key={entry.id}
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={index === selected}
                  className={styles.option}
                  onPointerMove={() => onHover(index)}
                  onClick={() => onChoose(entry)}
                >
                  <OptionBody entry={entry} />
                </div>
              ),
          )}
        </div>
      ))}
    </div>
  )
}

function OptionBody({ entry }: { entry: Entry }) {
  const run = typeof entry.icon === 'string' ? null : entry.icon.run
  return (
    <>
      {typeof entry.icon === 'string' ? (
        <Icon name={entry.icon} />
      ) : (
        <RunMark run={entry.icon.run} />
      )}
      <span className={styles.label}>{entry.label}</span>
      <span className={styles.aside}>
        {entry.aside ?? (run && (whyOf(run) || run.factoryName))}
      </span>
      {run && (
        <span className={styles.end}>
          <Time instant={run.runStart} />
        </span>
      )}
    </>
  )
}

/** What is typed, once the typing pauses: not each letter is worth a request. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 150)
    return () => clearTimeout(timer)
  }, [text])
  return useDeferredValue(settled)
}

function useAct(): (act: Act) => void {
  const navigate = useNavigate()
  const setScope = useSetScope()
  const { zone } = useScope()
  const notify = useNotify()
  return (act) => {
    if ('go' in act) void navigate({ to: act.go })
    else if ('run' in act) {
      const { runId, factory } = act.run
      void navigate({ to: '/runs/$runId', params: { runId }, search: { in: factory } })
    } else if ('openRun' in act) {
      void navigate({ to: '/runs/$runId', params: { runId: act.openRun } })
    } else if ('pipeline' in act) {
      const search = { pipeline: [act.pipeline], factory: [act.factory] }
      void navigate({ to: '/runs', search })
    } else if ('searchRuns' in act) void navigate({ to: '/runs', search: { q: act.searchRuns } })
    else if ('scopeTo' in act)
      setScope({ factory: act.scopeTo === null ? undefined : [act.scopeTo] })
    else if (act.do === 'zone') setScope({ zone: zone === 'utc' ? undefined : 'utc' })
    else {
      void copyText(location.href).then((copied) => {
        notify(copied ? 'Link copied' : 'The browser did not allow copying')
      })
    }
  }
}
