import { mkdtemp, rm } from 'node:fs/promises'
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

/** An emulated Azure and a board on it, as a person would start them. */
export class World {
  private constructor(
    readonly url: string,
    readonly azure: Emulated,
    private readonly programs: Program[],
    private readonly folder: string,
  ) {}

  static async start(options: { size?: number; serve?: string[] } = {}): Promise<World> {
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
        ...(options.serve ?? []),
      ],
      {
        AZURE_TENANT_ID: azure.tenantId,
        AZURE_CLIENT_ID: azure.clientId,
        AZURE_CLIENT_SECRET: azure.clientSecret,
        AZURE_AUTHORITY_HOST: azure.authority,
        ANDON_RESOURCE_MANAGER: azure.resourceManager,
        ANDON_AUDIENCE: 'https://management.azure.com',
        ANDON_CA_FILE: azure.caFile,
      },
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
    const answer = await fetch(new URL('/truth/runs', this.azure.control), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ factory: this.azure.factories[0], message: '', ...run }),
    })
    if (!answer.ok) throw new Error(`POST /truth/runs: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { runId: string }).runId
  }

  async end(): Promise<void> {
    for (const program of this.programs) await program.end()
    await rm(this.folder, { recursive: true, force: true })
  }
}
