// Pipeline runs and activity runs: queries, and what starts and ends runs.
import { everyPage, need, refused } from './program.mjs'

const over = ['Succeeded', 'Failed', 'Cancelled']
const nobody = '00000000-0000-4000-8000-000000000000'

const query = (p, filter) =>
  everyPage((f) => p.adf.pipelineRuns.queryByFactory(...p.at, f), {
    lastUpdatedAfter: p.after,
    lastUpdatedBefore: p.before,
    ...filter,
  })

/** activities are a run's, in the order they started. */
const activities = async (p, run) =>
  (
    await everyPage((f) => p.adf.activityRuns.queryByPipelineRun(...p.at, run.runId, f), {
      lastUpdatedAfter: new Date(run.runStart.getTime() - 24 * 3600_000),
      lastUpdatedBefore: new Date(run.lastUpdated.getTime() + 24 * 3600_000),
      orderBy: [{ orderBy: 'ActivityRunStart', order: 'ASC' }],
    })
  ).rows

export async function pipelineRuns(p) {
  await p.call('pipeline runs: query', async () => {
    const { rows, pages } = await query(p)
    need(pages > 1, 'one page only: the paging was not tried')
    const byId = new Map(rows.map((r) => [r.runId, r]))
    need(byId.size === rows.length, 'a run came twice')
    for (const r of rows) {
      const { id, name, invokedByType } = r.invokedBy
      need(id && name && invokedByType && r.pipelineName, `run ${r.runId} lacks its fields`)
      need(r.runStart instanceof Date && r.lastUpdated instanceof Date, `run ${r.runId}: no dates`)
      if (r.status === 'Succeeded' || r.status === 'Failed') {
        // A cancelled one can lack both.
        need(Number.isInteger(r.durationInMs) && r.runEnd, `run ${r.runId}: no duration or end`)
      }
    }
    // This client's Date holds milliseconds; more of the seven digits can't survive.
    need(
      rows.some((r) => r.runStart.getMilliseconds() > 0),
      'no start has a fraction',
    )
    const truth = await p.control(`/truth/runs?factory=${encodeURIComponent(p.at[1])}`)
    for (const t of truth.items) {
      const when = new Date(t.lastUpdated)
      if (over.includes(t.status) && when > p.after && when < p.before) {
        need(byId.has(t.runId), `run ${t.runId}, last updated ${t.lastUpdated}, is missing`)
      }
    }
    p.runs = rows
    return `${rows.length} on ${pages} pages`
  })
  await p.call('pipeline runs: query, filter and order', async () => {
    const { rows } = await query(p, {
      filters: [{ operand: 'Status', operator: 'Equals', values: ['Failed'] }],
      orderBy: [{ orderBy: 'RunEnd', order: 'DESC' }],
    })
    need(rows.length > 0, 'no failed run in a day')
    for (const [i, r] of rows.entries()) {
      need(r.status === 'Failed' && r.message, `run ${r.runId} is ${r.status}: ${r.message}`)
      need(i === 0 || r.runEnd <= rows[i - 1].runEnd, `row ${i} is out of order`)
    }
    p.failedRun = rows[0]
    return rows.length
  })
  await p.call('pipeline runs: query, forbidden', () => {
    const other = p.client(p.identity('not query its runs'))
    const filter = { lastUpdatedAfter: p.after, lastUpdatedBefore: p.before }
    return refused(403, 'AuthorizationFailed', () =>
      other.pipelineRuns.queryByFactory(...p.at, filter),
    )
  })
  await p.call('pipeline runs: get', async () => {
    const got = await p.adf.pipelineRuns.get(...p.at, p.failedRun.runId)
    for (const key of ['runId', 'runGroupId', 'message', 'status', 'durationInMs']) {
      need(got[key] === p.failedRun[key], `${key} is other than in the query: ${got[key]}`)
    }
    return got.status
  })
  await p.call('pipeline runs: get, unknown', () =>
    refused(404, '', () => p.adf.pipelineRuns.get(...p.at, nobody)),
  )
  await p.call('activity runs: query', async () => {
    const rows = await activities(p, p.failedRun)
    for (const a of rows) {
      need(a.activityName && a.activityType && a.activityRunId, JSON.stringify(a))
      need(a.activityRunStart instanceof Date, `${a.activityName} has no start`)
    }
    p.firstActivity = rows[0].activityName
    const failed = rows.find((a) => a.status === 'Failed')
    need(failed?.error.message && failed.error.errorCode, 'no activity of the failed run failed')
    for (const run of p.runs.filter((r) => r.status === 'Succeeded')) {
      const copy = (await activities(p, run)).find(
        (a) => a.activityType === 'Copy' && a.status === 'Succeeded',
      )
      if (!copy) continue
      need(copy.output.dataRead > 0, `a Copy lacks dataRead: ${JSON.stringify(copy.output)}`)
      return `${rows.length}; a Copy read data`
    }
    throw new Error(`no Copy among the activities of ${p.runs.length} runs`)
  })
}

/** create starts a run and finds it by its id. */
async function create(p, pipeline, options) {
  const { runId } = await p.adf.pipelines.createRun(...p.at, pipeline, options)
  const run = await p.adf.pipelineRuns.get(...p.at, runId)
  need(run.runId === runId && run.pipelineName === pipeline, `another run: ${run.runId}`)
  need(run.invokedBy.invokedByType === 'Manual' && run.isLatest === true, JSON.stringify(run))
  need(!over.includes(run.status) && !run.runEnd, `it just started and is ${run.status}`)
  return run
}

export async function createRuns(p) {
  await p.call('pipelines: createRun', async () => {
    const run = await create(p, p.failedRun.pipelineName)
    need(run.runGroupId === run.runId, 'a first run in the group of another')
    return run.status
  })
  await p.call('pipelines: createRun with parameters', async () => {
    const like = p.runs.find((r) => Object.keys(r.parameters ?? {}).length > 0)
    const name = Object.keys(like.parameters).sort()[0]
    const run = await create(p, like.pipelineName, { parameters: { [name]: 'conformance' } })
    need(run.parameters[name] === 'conformance', `${name} is ${run.parameters[name]}`)
    return name
  })
  const rerun = async (options) => {
    const first = p.failedRun
    const run = await create(p, first.pipelineName, {
      referencePipelineRunId: first.runId,
      isRecovery: true,
      ...options,
    })
    need(run.runGroupId === first.runGroupId, 'in another group')
    need(
      JSON.stringify(run.parameters) === JSON.stringify(first.parameters),
      `with other parameters: ${JSON.stringify(run.parameters)}`,
    )
    const before = await p.adf.pipelineRuns.get(...p.at, first.runId)
    need(before.isLatest === false, 'the first run is still the latest')
    return "in the first run's group"
  }
  await p.call('pipelines: createRun, rerun', () => rerun({}))
  await p.call('pipelines: createRun, rerun from an activity', () => {
    need(p.firstActivity, 'no activity to start from')
    return rerun({ startActivityName: p.firstActivity })
  })
  await p.call('pipelines: createRun, rerun from failure', () => rerun({ startFromFailure: true }))
}

export async function cancels(p) {
  const runs = p.adf.pipelineRuns
  const statusOf = async (id) => (await runs.get(...p.at, id)).status
  await p.call('pipeline runs: cancel', async () => {
    const run = await create(p, p.failedRun.pipelineName)
    await runs.cancel(...p.at, run.runId)
    await p.advance('1m')
    const status = await statusOf(run.runId)
    need(status === 'Cancelled', `it is ${status}`)
    return status
  })
  await p.call('pipeline runs: cancel, recursive', async () => {
    const like = p.runs.find((r) => r.invokedBy.pipelineRunId)
    const parent = await create(p, like.invokedBy.pipelineName)
    for (let i = 0; i < 40; i++) {
      await p.advance('10s')
      const { rows } = await query(p, {
        lastUpdatedAfter: parent.runStart,
        lastUpdatedBefore: new Date(parent.runStart.getTime() + 24 * 3600_000),
      })
      const child = rows.find(
        (r) => r.invokedBy.pipelineRunId === parent.runId && !over.includes(r.status),
      )
      if (!child) continue
      await runs.cancel(...p.at, parent.runId, { isRecursive: true })
      await p.advance('1m')
      const ends = [await statusOf(parent.runId), await statusOf(child.runId)]
      need(
        ends.every((s) => s === 'Cancelled'),
        `the parent is ${ends[0]}, its child ${ends[1]}`,
      )
      return 'Cancelled, its child too'
    }
    throw new Error('no child of the run appeared')
  })
  await p.call('pipeline runs: cancel, unknown', () =>
    refused(400, 'ReferencedPipelineRunNotFound', () => runs.cancel(...p.at, nobody)),
  )
}
