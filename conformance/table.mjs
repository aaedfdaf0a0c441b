// Prints what the clients' lines say as a table of client and call, and fails when a call failed. With --document FILE
// the table between FILE's markers is brought up to date; with CI=true it must be already. Then also every call that
// the emulator counts must have been made by one of the clients.
//
//   node table.mjs [--document FILE] FOLDER
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

// The surface, in the order of the table's rows. A line of any other call is refused, so that a misspelt one can't
// look like a call that nobody has.
const surface = [
  'token',
  'token: wrong secret',
  'token: expired secret',
  'subscriptions: list',
  'subscriptions: get',
  'resource groups: list',
  'resource groups: get',
  'Resource Graph: factories',
  'factories: list',
  'factories: list by resource group',
  'factories: get',
  'factories: get, If-None-Match',
  'factories: get, unknown',
  'pipelines: list',
  'pipelines: get',
  'pipelines: get, unknown',
  'pipelines: createRun',
  'pipelines: createRun with parameters',
  'pipelines: createRun, rerun',
  'pipelines: createRun, rerun from an activity',
  'pipelines: createRun, rerun from failure',
  'pipeline runs: query',
  'pipeline runs: query, without a body',
  'pipeline runs: query, filter and order',
  'pipeline runs: query, forbidden',
  'pipeline runs: get',
  'pipeline runs: get, unknown',
  'pipeline runs: cancel',
  'pipeline runs: cancel, recursive',
  'pipeline runs: cancel, unknown',
  'activity runs: query',
  'triggers: list',
  'triggers: get',
  'triggers: query',
  'triggers: getEventSubscriptionStatus',
  'triggers: stop',
  'triggers: start',
  'trigger runs: query',
  'trigger runs: rerun',
  'trigger runs: cancel',
  'integration runtimes: list',
  'integration runtimes: get',
  'integration runtimes: getStatus',
  'integration runtimes: monitoringData',
  'integration runtime nodes: get',
  'integration runtime nodes: ipAddress',
  'linked services: list',
  'linked services: get',
  'datasets: list',
  'datasets: get',
]
const clients = {
  go: 'Go',
  js: 'JavaScript',
  python: 'Python',
  az: 'Azure CLI',
  curl: 'curl',
  bruno: 'Bruno',
}
const ways = { endpoints: 'custom endpoints', proxy: 'proxy' }

const { values, positionals } = parseArgs({
  options: { document: { type: 'string' } },
  allowPositionals: true,
})
const folder = positionals[0]
const files = await readdir(folder)
const problems = []

const seen = new Map() // client -> {version, ways, calls: call -> way -> ok}
for (const file of files.filter((f) => f.endsWith('.jsonl'))) {
  const lines = (await readFile(join(folder, file), 'utf8')).split('\n').filter(Boolean)
  if (lines.length === 0)
    problems.push(
      `${file}: the client said nothing; see ${join(folder, file.replace('jsonl', 'log'))}`,
    )
  for (const { client, version, way, call, ok, error } of lines.map((l) => JSON.parse(l))) {
    if (!surface.includes(call))
      problems.push(`${file}: "${call}" is no call of the surface in table.mjs`)
    if (!ok) problems.push(`${clients[client]} by ${ways[way]}: ${call}: ${error.slice(0, 600)}`)
    if (!seen.has(client)) seen.set(client, { version, ways: new Set(), calls: new Map() })
    const of = seen.get(client)
    of.ways.add(way)
    if (!of.calls.has(call)) of.calls.set(call, new Map())
    of.calls.get(call).set(way, ok)
  }
}

/** cell says how a call went: by every way in that the client has, or by which alone. */
function cell(client, call) {
  const { ways: all, calls } = seen.get(client)
  const results = calls.get(call)
  if (!results) return 'not in this client'
  if ([...results.values()].some((ok) => !ok)) return 'failed'
  if (results.size < all.size)
    return `ok by ${[...results.keys()].map((w) => ways[w]).join(' and ')}`
  return 'ok'
}

const columns = Object.keys(clients).filter((c) => seen.has(c))
const row = (cells) => `| ${cells.join(' | ')} |`
const table = [
  row(['call', ...columns.map((c) => clients[c])]),
  row(['---', ...columns.map(() => '---')]),
  row(['*version*', ...columns.map((c) => seen.get(c).version)]),
  row(['*by*', ...columns.map((c) => [...seen.get(c).ways].map((w) => ways[w]).join(', '))]),
  ...surface.map((call) => row([call, ...columns.map((c) => cell(c, call))])),
].join('\n')
process.stdout.write(`${table}\n`)

if (values.document) {
  const counted = new Map()
  for (const file of files.filter((f) => f.endsWith('.requests'))) {
    const { byCall } = JSON.parse(await readFile(join(folder, file), 'utf8'))
    for (const [call, n] of Object.entries(byCall)) counted.set(call, (counted.get(call) ?? 0) + n)
  }
  for (const [call, n] of counted) if (n === 0) problems.push(`no client asked for ${call}`)

  const [from, to] = ['<!-- clients: made by scripts/conformance -->', '<!-- /clients -->']
  const text = await readFile(values.document, 'utf8')
  const begin = text.indexOf(from) + from.length
  const end = text.indexOf(to)
  if (begin < from.length || end < begin)
    throw new Error(`${values.document} lacks the markers ${from} and ${to}`)
  const updated = `${text.slice(0, begin)}\n${table}\n${text.slice(end)}`
  // Clients of the system have another version on another Debian.
  const anyVersion = (t) => t.replace(/(azure-mgmt-datafactory|azure-cli|curl) \d[\d.]*/g, '$1')
  if (anyVersion(updated) !== anyVersion(text)) {
    await writeFile(values.document, updated)
    const what = `the table in ${values.document} was out of date and is right now; commit it`
    if (process.env.CI === 'true') problems.push(what)
    else process.stdout.write(`${what}\n`)
  }
}

for (const problem of problems) process.stderr.write(`FAILED ${problem}\n`)
process.exit(problems.length > 0 ? 1 : 0)
