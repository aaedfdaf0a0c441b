// What the calls share: how to reach the emulator, how a call is reported, and what earlier calls found for later ones.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { DataFactoryManagementClient } from '@azure/arm-datafactory'
import { isRestError } from '@azure/core-rest-pipeline'
import { ClientSecretCredential } from '@azure/identity'

const version = createRequire(import.meta.url)('@azure/arm-datafactory/package.json').version

/** need ends the call as failed unless it holds. */
export function need(holds, what) {
  if (!holds) throw new Error(what)
}

/** refused demands the SDK's own type of error, with this status and code; an empty code is not looked at. */
export async function refused(status, code, ask) {
  try {
    await ask()
  } catch (e) {
    need(isRestError(e), `want a RestError, got ${e.name}: ${e.message}`)
    need(e.statusCode === status, `want status ${status}, got ${e.statusCode}: ${e.message}`)
    need(!code || e.code === code, `want ${code}, got ${e.code}: ${e.message}`)
    return `${status} ${code}`.trim()
  }
  throw new Error('not refused')
}

/** all follows a paged list to its end. */
export async function all(pager) {
  const rows = []
  for await (const row of pager) rows.push(row)
  return rows
}

/** everyPage follows the continuation tokens of a query, for which the client has no pager. */
export async function everyPage(ask, filter) {
  const rows = []
  let pages = 0
  let continuationToken
  do {
    const page = await ask({ ...filter, continuationToken })
    rows.push(...page.value)
    continuationToken = page.continuationToken
    pages++
  } while (continuationToken)
  return { rows, pages }
}

class Program {
  failed = false
  // What earlier calls found: runs of a day, one that failed, and its first activity.
  runs = []
  failedRun
  firstActivity

  constructor(emulator, way, now) {
    this.emulator = emulator
    this.way = way
    const [, , subscription, , group, , , , factory] = emulator.factories[0].split('/')
    this.subscription = subscription
    this.at = [group, factory]
    this.after = new Date(now.getTime() - 25 * 3600_000)
    this.before = new Date(now.getTime() - 3600_000)
    this.adf = this.client(this.credential(emulator.clientId, emulator.clientSecret))
  }

  /**
   * options are those of every Resource Manager client. Without credentialScopes the client would ask for a token of
   * the endpoint itself, which Entra ID knows no resource of.
   */
  get options() {
    if (this.way === 'proxy') return {}
    return {
      endpoint: this.emulator.resourceManager,
      credentialScopes: ['https://management.azure.com/.default'],
    }
  }

  client(credential) {
    return new DataFactoryManagementClient(credential, this.subscription, this.options)
  }

  credential(id, secret) {
    const options =
      this.way === 'endpoints'
        ? { authorityHost: this.emulator.authority, disableInstanceDiscovery: true }
        : {}
    return new ClientSecretCredential(this.emulator.tenantId, id, secret, options)
  }

  /** identity is the further app registration whose description holds text. */
  identity(text) {
    const found = this.emulator.identities.find((i) => i.what.includes(text))
    need(found, `no identity "${text}" in the emulator's line`)
    return this.credential(found.clientId, found.clientSecret)
  }

  /** control asks the emulator's own listener. */
  async control(path, body) {
    const init = body && { method: 'POST', body: JSON.stringify(body) }
    const answer = await fetch(this.emulator.control + path, init)
    need(answer.ok, `${path}: ${answer.status}`)
    return answer.json()
  }

  advance(by) {
    return this.control('/clock', { advance: by })
  }

  /** call makes one call of the surface and prints its line. */
  async call(name, ask) {
    const line = { client: 'js', version: `@azure/arm-datafactory ${version}`, way: this.way }
    try {
      const result = String(await ask())
      process.stdout.write(`${JSON.stringify({ ...line, call: name, ok: true, result })}\n`)
    } catch (e) {
      this.failed = true
      const error = `${e.name}: ${e.message}`
      process.stdout.write(`${JSON.stringify({ ...line, call: name, ok: false, error })}\n`)
    }
  }
}

export async function start(file, way) {
  const emulator = JSON.parse(await readFile(file, 'utf8'))
  const clock = await (await fetch(`${emulator.control}/clock`)).json()
  return new Program(emulator, way, new Date(clock.now))
}
