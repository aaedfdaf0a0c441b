import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Program } from './program'

interface Emulated {
  tenantId: string
  clientId: string
  clientSecret: string
  authority: string
  resourceManager: string
  control: string
  caFile: string
  factories: string[]
}

interface Options {
  /** Runs of history. */
  size?: number
  /** Further flags of andon serve. */
  serve?: string[]
  /** Further flags of andon emulate. */
  emulate?: string[]
  /** The name of a source in a configuration file, whose secret lies in a file of its own; none: AZURE_* name it. */
  source?: string
}

/** An emulated Azure and a board on it, as a person would start them. */
export class World {
  private constructor(
    readonly url: string,
    readonly azure: Emulated,
    private readonly programs: Program[],
    private readonly folder: string,
  ) {}

  static async start(options: Options = {}): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'andon-e2e-'))
    const emulator = new Program([
      'emulate',
      '--json',
      '--listen=127.0.0.1:0',
      '--proxy-listen=127.0.0.1:0',
      '--control-listen=127.0.0.1:0',
      `--ca-out=${join(folder, 'ca.pem')}`,
      `--size=${options.size ?? 4000}`,
      '--limits=off',
      ...(options.emulate ?? []),
    ])
    const line = await emulator.says(/^\{.*\}$/m)
    const azure = JSON.parse(line[0]) as Emulated
    const server = new Program(
      [
        'serve',
        '--listen=127.0.0.1:0',
        `--store=sqlite:${join(folder, 'andon.db')}`,
        '--poll=1s',
        '--budget=off',
        ...(options.source ? [`--config=${await configure(options.source, azure, folder)}`] : []),
        ...(options.serve ?? []),
      ],
      options.source ? {} : environmentOf(azure),
    )
    const url = (await server.says(/serving on (\S+)/))[1] ?? ''
    const world = new World(url, azure, [server, emulator], folder)
    await world.filled()
    return world
  }

  /** Waits until the first fill has read every run. */
  private async filled(): Promise<void> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const { items } = (await this.json('/api/v1/factories')) as {
        items: { coverage: { complete: boolean } }[]
      }
      if (items.length === this.azure.factories.length && items.every((f) => f.coverage.complete))
        return
      if (Date.now() > deadline) throw new Error('the first fill did not end within a minute')
      await new Promise((next) => setTimeout(next, 200))
    }
  }

  /** Sends a request to the emulator's control, and gives its answer. */
  async control(method: 'POST' | 'DELETE', path: string, body: unknown): Promise<unknown> {
    const answer = await fetch(new URL(path, this.azure.control), {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** Puts another secret into the file that the source reads it from. */
  async giveSecret(secret: string): Promise<void> {
    await writeFile(join(this.folder, secretFile), secret)
  }

  async json(path: string): Promise<unknown> {
    const answer = await fetch(new URL(path, this.url))
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  /** Lets one more run happen in the emulated Azure, and gives its runId. */
  async happens(run: {
    pipelineName: string
    status: string
    message?: string
    durationInMs: number
  }): Promise<string> {
    const happened = await this.control('POST', '/truth/runs', {
      factory: this.azure.factories[0],
      message: '',
      ...run,
    })
    return (happened as { runId: string }).runId
  }

  async end(): Promise<void> {
    for (const program of this.programs) await program.end()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function environmentOf(azure: Emulated): Record<string, string> {
  return {
    AZURE_TENANT_ID: azure.tenantId,
    AZURE_CLIENT_ID: azure.clientId,
    AZURE_CLIENT_SECRET: azure.clientSecret,
    AZURE_AUTHORITY_HOST: azure.authority,
    ANDON_RESOURCE_MANAGER: azure.resourceManager,
    ANDON_AUDIENCE: audience,
    ANDON_CA_FILE: azure.caFile,
  }
}

const audience = 'https://management.azure.com'
const secretFile = 'secret.txt'

/** Writes a configuration with one source, and its secret beside it. JSON is YAML too. */
async function configure(name: string, azure: Emulated, folder: string): Promise<string> {
  const path = join(folder, 'andon.yaml')
  const source = {
    name,
    tenantId: azure.tenantId,
    clientId: azure.clientId,
    clientSecretFile: join(folder, secretFile),
    cloud: {
      authority: azure.authority,
      resourceManager: azure.resourceManager,
      audience,
      caFile: azure.caFile,
    },
  }
  await writeFile(join(folder, secretFile), azure.clientSecret)
  await writeFile(path, JSON.stringify({ sources: [source] }))
  return path
}
