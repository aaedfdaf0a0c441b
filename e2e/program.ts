import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const binary = resolve(import.meta.dirname, '../andon')

/** One running andon command, ended with the test that started it. */
export class Program {
  private readonly child: ChildProcess
  private output = ''
  private readonly waiting = new Set<() => void>()

  constructor(args: string[], env: Record<string, string> = {}) {
    if (!existsSync(binary)) throw new Error(`${binary} is not built: run make build`)
    this.child = spawn(binary, args, {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/tmp', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        for (const look of this.waiting) look()
      })
    }
    this.child.on('exit', () => {
      for (const look of this.waiting) look()
    })
  }

  /** Waits until the output has a match, and gives it. */
  async says(pattern: RegExp, within = 30_000): Promise<RegExpExecArray> {
    return new Promise((done, fail) => {
      const timer = setTimeout(
        () => settle(new Error(`nothing like ${pattern} in ${within} ms`)),
        within,
      )
      const settle = (error?: Error, found?: RegExpExecArray) => {
        clearTimeout(timer)
        this.waiting.delete(look)
        if (found) done(found)
        else fail(new Error(`${error?.message}; it said:\n${this.output}`))
      }
      const look = () => {
        const found = pattern.exec(this.output)
        if (found) settle(undefined, found)
        else if (this.child.exitCode !== null)
          settle(new Error(`it ended with ${this.child.exitCode}`))
      }
      this.waiting.add(look)
      look()
    })
  }

  /** Waits until it has ended by itself, and gives its exit code. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit')
    }
    return this.child.exitCode
  }

  /** Asks it to end, as Ctrl-C does, and gives its exit code. */
  async end(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit')
      this.child.kill('SIGINT')
      await ended
    }
    return this.child.exitCode
  }
}
