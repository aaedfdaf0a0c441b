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
  identities: { clientId: string; clientSecret: string; what: string }[]
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
  /** The identity whose description begins so takes the place of the main one. */
  identity?: string
  /** What is done to the emulated Azure before the board asks it anything. */
  prepare?: (azure: Control) => Promise<unknown>
  /** Whether to wait until the first fill has read every run; true when absent. */
  filled?: boolean
}

type Control = (method: 'POST' | 'DELETE', path: string, body: unknown) => Promise<unknown>

/** What the board says of a factory, as far as tests wait for it. */
export interface FactoryState {
  factoryId: string
  state: string
  neverRead: boolean
  coverage: { from: string | null; complete: boolean }
}

/** An emulated Azure and a board on it, as a person would start them. */
export class World {
  private constructor(
    public url: string,
    readonly azure: Emulated,
    private readonly programs: Program[],
    private readonly folder: string,
    private readonly options: Options,
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
    if (options.identity) {
      const found = azure.identities.find(({ what }) => what.startsWith(options.identity ?? ''))
      if (!found) throw new Error(`no identity ${options.identity}`)
      azure.clientId = found.clientId
      azure.clientSecret = found.clientSecret
    }
    const world = new World('', azure, [emulator], folder, options)
    await options.prepare?.((method, path, body) => world.control(method, path, body))
    await world.serve(options.serve)
    if (options.filled !== false) await world.filled()
    return world
  }

  /** A board without an Azure, over what is imported from a file's text. */
  static async imported(text: string, factory: string): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'andon-e2e-'))
    await writeFile(join(folder, 'runs.json'), text)
    const store = `--store=sqlite:${join(folder, 'andon.db')}`
    const importing = new Program([
      'import',
      store,
      `--factory=${factory}`,
      join(folder, 'runs.json'),
    ])
    await importing.says(/taken/)
    await importing.ended()
    const server = new Program(['serve', '--listen=127.0.0.1:0', store, '--no-collect'])
    const url = (await server.says(/serving on (\S+)/))[1] ?? ''
    return new World(url, {} as Emulated, [server], folder, {})
  }

  /** Starts a board over the world's store. */
  private async serve(flags: string[] = []): Promise<void> {
    const { source } = this.options
    const server = new Program(
      [
        'serve',
        '--listen=127.0.0.1:0',
        `--store=sqlite:${join(this.folder, 'andon.db')}`,
        '--poll=1s',
        '--budget=off',
        ...(source ? [`--config=${await configure(source, this.azure, this.folder)}`] : []),
        ...flags,
      ],
      source ? {} : environmentOf(this.azure),
    )
    this.programs.unshift(server)
    this.url = (await server.says(/serving on (\S+)/))[1] ?? ''
  }

  /** Ends the board and starts it again with other flags. */
  async restart(flags: string[]): Promise<void> {
    await this.programs.shift()?.end()
    await this.serve(flags)
  }

  /** Waits until the first fill has read every run. */
  private async filled(): Promise<void> {
    await this.until(
      (items) =>
        items.length === this.azure.factories.length && items.every((f) => f.coverage.complete),
    )
  }

  /** Waits until the board says of its factories that they are so. */
  async until(so: (items: FactoryState[]) => boolean): Promise<void> {
    const deadline = Date.now() + 120_000
    for (;;) {
      const { items } = (await this.json('/api/v1/factories')) as { items: FactoryState[] }
      if (so(items)) return
      if (Date.now() > deadline) {
        throw new Error(`the factories are not so within two minutes: ${JSON.stringify(items)}`)
      }
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
