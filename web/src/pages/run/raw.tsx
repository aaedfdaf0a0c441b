import type { RunDetail } from '../../api/types'
import { JsonView } from '../../json/json-view'
import text from '../../state/text.module.css'
import { importedFrom } from './origin'

/** The run as it came, from Azure or from an import. */
export function Raw({ run }: { run: RunDetail }) {
  const from = importedFrom(run)
  if (from === null) return <JsonView value={run.raw} name="the run as Azure sent it" open={2} />
  return (
    <>
      <p className={text.muted}>From {from}.</p>
      <JsonView value={run.raw} name="the run as it was imported" open={2} />
    </>
  )
}
