// Triggers, their runs, and integration runtimes.
import { all, everyPage, need, refused } from './program.mjs'

export async function triggers(p) {
  const client = p.adf.triggers
  const names = new Map() // by the trigger's type, of those that are started
  const started = (type) => {
    need(names.has(type), `no started trigger is a ${type}`)
    return names.get(type)
  }
  await p.call('triggers: list', async () => {
    const rows = await all(client.listByFactory(...p.at))
    need(rows.length > 0, 'no trigger')
    for (const { name, properties } of rows) {
      need(properties.type && properties.runtimeState, `${name} lacks its fields`)
      if (properties.runtimeState === 'Started') names.set(properties.type, name)
    }
    return `${rows.length} of ${names.size} types started`
  })
  await p.call('triggers: get', async () => {
    const schedule = await client.get(...p.at, started('ScheduleTrigger'))
    const { recurrence, pipelines } = schedule.properties
    need(recurrence.frequency && recurrence.startTime instanceof Date, JSON.stringify(schedule))
    need(pipelines[0].pipelineReference.referenceName, 'it starts no pipeline')
    const window = await client.get(...p.at, started('TumblingWindowTrigger'))
    need(window.properties.maxConcurrency > 0, JSON.stringify(window))
    return 'a schedule and a tumbling window'
  })
  await p.call('triggers: query', async () => {
    const { rows } = await everyPage((f) => client.queryByFactory(...p.at, f), {})
    need(rows.length > 0, 'no trigger')
    return rows.length
  })
  await p.call('triggers: getEventSubscriptionStatus', async () => {
    const name = started('BlobEventsTrigger')
    const got = await client.getEventSubscriptionStatus(...p.at, name)
    need(got.triggerName === name && got.status === 'Enabled', JSON.stringify(got))
    return got.status
  })
  const state = async (name) => (await client.get(...p.at, name)).properties.runtimeState
  await p.call('triggers: stop', async () => {
    const name = started('ScheduleTrigger')
    await client.beginStopAndWait(...p.at, name)
    need((await state(name)) === 'Stopped', `it is ${await state(name)}`)
    return 'Stopped'
  })
  await p.call('triggers: start', async () => {
    const name = started('ScheduleTrigger')
    await client.beginStartAndWait(...p.at, name)
    need((await state(name)) === 'Started', `it is ${await state(name)}`)
    return 'Started'
  })
}

export async function triggerRuns(p) {
  const client = p.adf.triggerRuns
  const query = async (filter) =>
    (await everyPage((f) => client.queryByFactory(...p.at, f), filter)).rows
  let ended
  let waiting
  await p.call('trigger runs: query', async () => {
    const rows = await query({ lastUpdatedAfter: p.after, lastUpdatedBefore: p.before })
    need(rows.length > 0, 'no trigger run in a day')
    need(new Set(rows.map((r) => r.triggerRunId)).size === rows.length, 'one came twice')
    for (const r of rows) {
      need(r.triggerName && r.triggerType && r.status, JSON.stringify(r))
      need(r.triggerRunTimestamp instanceof Date && r.properties.TriggerTime, JSON.stringify(r))
      if (r.status.startsWith('Waiting')) waiting = r
      if (r.triggerType === 'TumblingWindowTrigger' && r.status === 'Succeeded') ended = r
    }
    const linked = rows.find((r) => Object.keys(r.triggeredPipelines ?? {}).length > 0)
    need(linked, 'no trigger run names the run it started')
    const [pipeline, runId] = Object.entries(linked.triggeredPipelines)[0]
    const run = await p.adf.pipelineRuns.get(...p.at, runId)
    need(run.pipelineName === pipeline, `run ${runId} is of ${run.pipelineName}`)
    need(run.invokedBy.id === linked.triggerRunId, `run ${runId} is of another trigger run`)
    return rows.length
  })
  await p.call('trigger runs: rerun', async () => {
    need(ended, "no tumbling window's run that is over")
    await client.rerun(...p.at, ended.triggerName, ended.triggerRunId)
    await p.advance('1m')
    const rows = await query({
      lastUpdatedAfter: p.after,
      lastUpdatedBefore: new Date(p.before.getTime() + 48 * 3600_000),
      filters: [{ operand: 'TriggerName', operator: 'Equals', values: [ended.triggerName] }],
    })
    need(
      rows.some((r) => r.groupId === ended.groupId && r.triggerRunId !== ended.triggerRunId),
      `no further trigger run in the group ${ended.groupId}`,
    )
    return 'a further run in the group'
  })
  await p.call('trigger runs: cancel', async () => {
    if (waiting) {
      await client.cancel(...p.at, waiting.triggerName, waiting.triggerRunId)
      return 'a waiting window'
    }
    need(ended, "no tumbling window's run that is over")
    return refused(400, 'BadRequest', () =>
      client.cancel(...p.at, ended.triggerName, ended.triggerRunId),
    )
  })
}

export async function runtimes(p) {
  const client = p.adf.integrationRuntimes
  let name
  let node
  await p.call('integration runtimes: list', async () => {
    const rows = await all(client.listByFactory(...p.at))
    const kinds = new Set(rows.map((r) => r.properties.type))
    need(kinds.has('Managed') && kinds.has('SelfHosted'), `not both types: ${[...kinds]}`)
    name = rows.find((r) => r.properties.type === 'SelfHosted').name
    return rows.length
  })
  await p.call('integration runtimes: get', async () => {
    need(name, 'none to ask for')
    const got = await client.get(...p.at, name)
    need(got.properties.type === 'SelfHosted', `it is ${got.properties.type}`)
    return got.properties.type
  })
  await p.call('integration runtimes: getStatus', async () => {
    need(name, 'none to ask for')
    const { properties } = await client.getStatus(...p.at, name)
    need(properties.state && properties.version && properties.nodes.length > 0, 'fields missing')
    node = properties.nodes[0].nodeName
    return properties.state
  })
  await p.call('integration runtimes: monitoringData', async () => {
    need(name, 'none to ask for')
    const got = await client.getMonitoringData(...p.at, name)
    need(got.name === name && got.nodes[0].availableMemoryInMB > 0, JSON.stringify(got))
    return `${got.nodes.length} nodes`
  })
  await p.call('integration runtime nodes: get', async () => {
    need(node, 'none to ask for')
    const got = await p.adf.integrationRuntimeNodes.get(...p.at, name, node)
    need(got.nodeName === node && got.status, JSON.stringify(got))
    return got.status
  })
  await p.call('integration runtime nodes: ipAddress', async () => {
    need(node, 'none to ask for')
    const got = await p.adf.integrationRuntimeNodes.getIpAddress(...p.at, name, node)
    need(got.ipAddress, 'no address')
    return got.ipAddress
  })
}
