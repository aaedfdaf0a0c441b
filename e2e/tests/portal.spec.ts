import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { violations } from '../axe'
import { expect, test } from '../check'
import { serveFolder } from '../static'
import { World } from '../world'

const example = resolve(import.meta.dirname, '../../examples/portal')

let world: World
let portal: Awaited<ReturnType<typeof serveFolder>>

test.beforeAll(async () => {
  portal = await serveFolder(example)
  world = await World.start({
    size: 1000,
    serve: [`--embed-origin=http://localhost:${portal.port}`, '--allow-host=board.example.com'],
  })
})
test.afterAll(async () => {
  await world?.end()
  portal?.server.close()
})

test('the portal shows strip and table live', async ({ page }) => {
  await world.happens({ pipelineName: 'pl_settlement', status: 'Succeeded', durationInMs: 100 })
  await expect
    .poll(async () => {
      const { items } = (await world.json('/api/v1/runs?pipeline=pl_settlement')) as {
        items: { factory: string }[]
      }
      return items[0]?.factory
    })
    .toBeTruthy()
  const { items } = (await world.json('/api/v1/runs?pipeline=pl_settlement')) as {
    items: { factory: string }[]
  }
  const address = new URL(`http://localhost:${portal.port}/`)
  address.search = new URLSearchParams({
    andon: world.url,
    factory: items[0]?.factory ?? '',
    pipeline: 'pl_settlement',
  }).toString()
  await page.goto(address.href)

  const table = page.frameLocator('iframe[title="Latest deliveries"]')
  const strip = page.frameLocator('iframe[title="The last runs of the store settlement"]')
  await expect(table.getByRole('row')).toHaveCount(11)
  await expect(strip.getByRole('img', { name: /1 of 1 finished run succeeded/ })).toBeVisible()

  await world.happens({
    pipelineName: 'pl_settlement',
    status: 'Failed',
    message: 'no',
    durationInMs: 100,
  })
  await expect(table.getByRole('row').filter({ hasText: 'pl_settlement' }).first()).toContainText(
    'Failed',
  )
  await expect(
    strip.getByRole('img', { name: /1 of 2 finished runs succeeded, 1 failed and open/ }),
  ).toBeVisible()
  await expect(table.getByText(/^as of/)).toBeVisible()
  expect(await violations(page)).toEqual([])
})

test('an origin that is not allowed is refused', async ({ page, quiet }) => {
  // The same portal under another name of this machine is another origin.
  await page.goto(`http://127.0.0.1:${portal.port}/?andon=${encodeURIComponent(world.url)}`)
  await expect.poll(() => quiet.join('\n')).toContain('frame-ancestors')
  const frame = page.frameLocator('iframe[title="Latest deliveries"]')
  await expect(frame.getByRole('table')).toHaveCount(0)
  quiet.length = 0
})

test('a wrong address says what is allowed', async ({ page }) => {
  await page.goto(`${world.url}embed/strip?factory=a&colour=red`)
  await expect(page.getByText('“colour” is not a parameter of /embed/strip')).toBeVisible()
})

test('the reverse proxy of the example does the login and passes live events', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'andon-nginx-'))
  await chmod(folder, 0o755) // nginx reads the users as another user than root
  const free = await serveFolder(folder)
  const port = free.port
  await new Promise((closed) => free.server.close(closed))
  const conf = (await readFile(join(example, 'nginx.conf'), 'utf8'))
    .replace('127.0.0.1:8081', `127.0.0.1:${port}`)
    .replace('127.0.0.1:8080', new URL(world.url).host)
  await writeFile(join(folder, 'nginx.conf'), conf)
  await writeFile(join(folder, 'users'), 'alice:{PLAIN}secret\n')
  const nginx = spawn('nginx', ['-p', folder, '-c', 'nginx.conf'], {
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    const ask = (path: string, headers: Record<string, string>) =>
      request(port, path, { host: 'board.example.com', ...headers })
    const login = { authorization: `Basic ${Buffer.from('alice:secret').toString('base64')}` }
    await expect
      .poll(() =>
        ask('/', {}).then(
          (a) => a.status,
          () => 0,
        ),
      )
      .toBe(401)
    expect((await ask('/api/v1/runs', login)).status).toBe(200)
    const events = await ask('/api/v1/events', login)
    expect(events.status).toBe(200)
    expect(events.first).toContain('retry:')
    // Without its name on the list, Andon answers nobody under it.
    const direct = Number(new URL(world.url).port)
    expect(
      (await request(direct, '/api/v1/runs', { host: 'evil.example.com' })).status,
    ).toBeGreaterThanOrEqual(400)
  } finally {
    const ended = once(nginx, 'exit')
    nginx.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
})

/** Asks with a Host header of one's own, which fetch does not allow, and gives the first piece of the answer. */
async function request(port: number, path: string, headers: Record<string, string>) {
  const { get } = await import('node:http')
  return new Promise<{ status: number; first: string }>((done, fail) => {
    const sent = get({ host: '127.0.0.1', port, path, headers }, (answer) => {
      const status = answer.statusCode ?? 0
      answer.once('data', (chunk: Buffer) => {
        done({ status, first: chunk.toString() })
        answer.destroy()
      })
      answer.once('end', () => done({ status, first: '' }))
    })
    sent.once('error', fail)
  })
}
