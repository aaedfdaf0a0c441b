// Asks the emulated Azure with Microsoft's own JavaScript clients, unmodified, and prints one JSON line for each call
// of the surface: whether the client got what it wants and one fact that proves it decoded the answer.
//
//   node main.mjs emulator.json endpoints   # custom cloud: authority and Resource Manager's address in the options
//   node main.mjs emulator.json proxy       # default cloud: only HTTPS_PROXY and NODE_EXTRA_CA_CERTS in the environment

import { start } from './program.mjs'
import { definitions, entra, factories, resourceManager } from './resources.mjs'
import { cancels, createRuns, pipelineRuns } from './runs.mjs'
import { runtimes, triggerRuns, triggers } from './triggers.mjs'

const [file, way] = process.argv.slice(2)
if (!file || !['endpoints', 'proxy'].includes(way)) {
  process.stderr.write(
    'usage: node main.mjs FILE endpoints|proxy, where FILE holds the line of andon emulate --json\n',
  )
  process.exit(2)
}
const program = await start(file, way)
for (const part of [
  entra,
  resourceManager,
  factories,
  definitions,
  pipelineRuns,
  createRuns,
  cancels,
  triggers,
  triggerRuns,
  runtimes,
]) {
  await part(program)
}
process.exit(program.failed ? 1 : 0)
