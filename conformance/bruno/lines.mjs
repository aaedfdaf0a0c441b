// Turns the report of Bruno's CLI into one JSON line a call. A request that only looks at what the one before it did
// counts towards that call; a request that was left out has failed.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const [report, way] = process.argv.slice(2)
const version = createRequire(import.meta.url)('@usebruno/cli/package.json').version
const calls = new Map()
for (const { results } of JSON.parse(await readFile(report, 'utf8'))) {
  for (const r of results) {
    const call = r.name.replace(/, (the run|the trigger|next page)$/, '')
    const errors = calls.get(call) ?? []
    const tests = [...(r.testResults ?? []), ...(r.preRequestTestResults ?? [])]
    if (r.error) errors.push(r.error)
    if (tests.length === 0) errors.push(`${r.path}: no test ran`)
    for (const t of tests) if (t.status !== 'pass') errors.push(`${r.path}: ${t.error}`)
    calls.set(call, errors)
  }
}
for (const [call, errors] of calls) {
  const ok = errors.length === 0
  const line = { client: 'bruno', version: `@usebruno/cli ${version}`, way, call, ok }
  Object.assign(line, ok ? { result: 'as its tests want' } : { error: errors.join('; ') })
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
process.exit([...calls.values()].some((e) => e.length > 0) || calls.size === 0 ? 1 : 0)
