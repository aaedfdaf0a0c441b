// Entra ID, Resource Manager, and what a factory consists of.
import { ResourceGraphClient } from '@azure/arm-resourcegraph'
import { ResourceManagementClient } from '@azure/arm-resources'
import { SubscriptionClient } from '@azure/arm-resources-subscriptions'
import { AuthenticationRequiredError } from '@azure/identity'
import { all, need, refused } from './program.mjs'

const scope = 'https://management.azure.com/.default'

export async function entra(p) {
  const { tenantId, clientId, clientSecret } = p.emulator
  await p.call('token', async () => {
    const token = await p.credential(clientId, clientSecret).getToken(scope)
    need(token.token.split('.').length === 3, 'the token is no JWT')
    need(token.expiresOnTimestamp > 0, 'the token does not end')
    return `a JWT of ${tenantId}`
  })
  const turnedDown = async (credential, code) => {
    try {
      await credential.getToken(scope)
    } catch (e) {
      // The client wraps every refusal of a confidential client in this type.
      need(e instanceof AuthenticationRequiredError, `${e.name}: ${e.message}`)
      need(e.message.includes(code), `want ${code}, got ${e.message}`)
      return code
    }
    throw new Error('not refused')
  }
  await p.call('token: wrong secret', () =>
    turnedDown(p.credential(clientId, 'wrong'), 'AADSTS7000215'),
  )
  await p.call('token: expired secret', () =>
    turnedDown(p.identity('secret has expired'), 'AADSTS7000222'),
  )
}

export async function resourceManager(p) {
  const credential = p.credential(p.emulator.clientId, p.emulator.clientSecret)
  const subscriptions = new SubscriptionClient(credential, p.options).subscriptions
  const groups = new ResourceManagementClient(credential, p.subscription, p.options).resourceGroups
  await p.call('subscriptions: list', async () => {
    const rows = await all(subscriptions.list())
    need(rows.length > 0, 'no subscription')
    for (const r of rows) {
      need(r.state === 'Enabled' && r.displayName, `a row lacks its fields: ${JSON.stringify(r)}`)
      need(r.tenantId === p.emulator.tenantId, `of another tenant: ${r.tenantId}`)
    }
    return rows.length
  })
  await p.call('subscriptions: get', async () => {
    const got = await subscriptions.get(p.subscription)
    need(got.subscriptionId === p.subscription, `another one: ${got.subscriptionId}`)
    return got.displayName
  })
  await p.call('resource groups: list', async () => {
    const rows = await all(groups.list())
    need(
      rows.some((r) => r.name.toLowerCase() === p.at[0].toLowerCase()),
      'the group is missing',
    )
    for (const r of rows) {
      need(r.location && r.properties.provisioningState === 'Succeeded', JSON.stringify(r))
    }
    return rows.length
  })
  await p.call('resource groups: get', async () => {
    const got = await groups.get(p.at[0])
    need(got.name.toLowerCase() === p.at[0].toLowerCase(), `another one: ${got.name}`)
    return got.location
  })
  await p.call('Resource Graph: factories', async () => {
    // This client is of an older family, whose option for the address is baseUri.
    const graph = new ResourceGraphClient(credential, { baseUri: p.options.endpoint })
    const query =
      "resources | where type =~ 'microsoft.datafactory/factories'" +
      ' | project id, name, location, resourceGroup, subscriptionId, tags, properties'
    let found = 0
    let skipToken
    do {
      const page = await graph.resources({
        query,
        options: { resultFormat: 'objectArray', top: 2, skipToken },
      })
      need(Array.isArray(page.data), 'data is no array')
      found += page.data.length
      skipToken = page.skipToken
      need(skipToken || found === page.totalRecords, `${found} rows of ${page.totalRecords}`)
    } while (skipToken)
    need(found === p.emulator.factories.length, `${found} factories`)
    return found
  })
}

export async function factories(p) {
  const client = p.adf.factories
  await p.call('factories: list', async () => {
    const rows = await all(client.list())
    const want = p.emulator.factories.filter((id) => id.includes(p.subscription)).length
    need(rows.length === want, `${rows.length} of ${want} factories`)
    for (const r of rows) {
      need(r.location && r.eTag && r.createTime instanceof Date, JSON.stringify(r))
    }
    return rows.length
  })
  await p.call('factories: list by resource group', async () => {
    const rows = await all(client.listByResourceGroup(p.at[0]))
    need(rows.length > 0, 'no factory')
    return rows.length
  })
  let etag
  await p.call('factories: get', async () => {
    const got = await client.get(...p.at)
    need(got.name.toLowerCase() === p.at[1].toLowerCase(), `another one: ${got.name}`)
    need(got.provisioningState === 'Succeeded', JSON.stringify(got))
    etag = got.eTag
    return got.name
  })
  await p.call('factories: get, If-None-Match', async () => {
    need(etag, 'no eTag to ask with')
    let status
    await client.get(...p.at, {
      ifNoneMatch: etag,
      onResponse: (r) => {
        status = r.status
      },
    })
    need(status === 304, `want 304, got ${status}`)
    return status
  })
  await p.call('factories: get, unknown', () =>
    refused(404, 'ResourceNotFound', () => client.get(p.at[0], 'adf-nowhere')),
  )
}

export async function definitions(p) {
  let name
  await p.call('pipelines: list', async () => {
    const rows = await all(p.adf.pipelines.listByFactory(...p.at))
    need(rows.length > 0, 'no pipeline')
    const activities = rows.flatMap((r) => r.activities)
    need(activities.length > 0, 'no activity')
    for (const a of activities) need(a.name && a.type, `an activity lacks its fields: ${a.name}`)
    name = rows[0].name
    return `${rows.length} with ${activities.length} activities`
  })
  await p.call('pipelines: get', async () => {
    need(name, 'no pipeline to ask for')
    const got = await p.adf.pipelines.get(...p.at, name)
    need(got.name === name && got.activities.length > 0 && got.etag, JSON.stringify(got))
    return name
  })
  await p.call('pipelines: get, unknown', () =>
    refused(404, 'NotFound', () => p.adf.pipelines.get(...p.at, 'pl_nowhere')),
  )
  for (const [title, client] of [
    ['linked services', p.adf.linkedServices],
    ['datasets', p.adf.datasets],
  ]) {
    let first
    await p.call(`${title}: list`, async () => {
      const rows = await all(client.listByFactory(...p.at))
      need(rows.length > 0, 'none')
      for (const r of rows) {
        need(r.properties.type, `${r.name} has no type`)
        if (title === 'datasets') need(r.properties.linkedServiceName.referenceName, r.name)
      }
      first = rows[0].name
      return rows.length
    })
    await p.call(`${title}: get`, async () => {
      need(first, 'none to ask for')
      const got = await client.get(...p.at, first)
      need(got.name === first, `another one: ${got.name}`)
      return got.properties.type
    })
  }
}
