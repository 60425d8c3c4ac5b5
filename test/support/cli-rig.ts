/** The real `bin/netminder.js` as a child process, with a data directory of its own and, if asked, a running node in it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { dataPaths } from '../../src/config/index.ts'
import { back, front, type LineFields } from './log-lines.ts'

export const EXECUTABLE = join(import.meta.dirname, '..', '..', 'bin', 'netminder.js')
/** Addresses of the documentation ranges stand for the public. */
export const PUBLIC_RANGE = '198.51.100.0/24'

export interface CliResult {
  readonly code: number | null
  readonly out: string
  readonly talk: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly spawn?: SpawnOptions
}

const START_DEADLINE_MS = 15_000
/** Of an answer: what one gossip did not bring, the next comparison does, and a busy machine takes its time. */
const ANSWER_DEADLINE_MS = 50_000
const POLL_MS = 50

export class CliRig {
  readonly dir = mkdtempSync(join(tmpdir(), 'netminder-cli-'))
  readonly dataDir = join(this.dir, 'node')
  readonly log = join(this.dir, 'haproxy.log')
  readonly list = join(this.dir, 'blacklist.list')
  /** What the running node has written to standard error. */
  nodeTalk = ''
  #node: ChildProcess | undefined
  #exit: Promise<number | null> = Promise.resolve(null)
  #lines = 0

  spawn(args: readonly string[], options: RunOptions = {}): ChildProcess {
    return spawn(process.execPath, [EXECUTABLE, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'UTC', NETMINDER_DATA_DIR: this.dataDir, ...options.env },
      ...options.spawn
    })
  }

  /** Runs one command to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
    return new Promise((resolve, reject) => {
      const child = this.spawn(args, options)
      let out = ''
      let talk = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        out += text
      })
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        talk += text
      })
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, out, talk }))
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(options.input ?? '')
    })
  }

  /** What a command that must succeed prints as JSON. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { code, out, talk } = await this.run([...args, '--output', 'json'])
    if (code !== 0) throw new Error(`expected exit 0 of ${args.join(' ')}, got ${code}: ${talk}`)
    return JSON.parse(out) as T
  }

  /** What the running node answers to a GET below `/api/defense/`. */
  async api(
    path: string
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const { apiAddress, adminToken } = dataPaths(this.dataDir)
    const { url } = JSON.parse(readFileSync(apiAddress, 'utf8')) as { url: string }
    const authorization = `Bearer ${readFileSync(adminToken, 'utf8').trim()}`
    const response = await fetch(new URL(`/api/defense/${path}`, url), {
      headers: { authorization }
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  /** A node that follows `log` and writes bans to `list`. Resolves when its API listens. */
  async start(...args: readonly string[]): Promise<void> {
    if (!existsSync(this.log)) writeFileSync(this.log, '')
    const made = await this.run([
      'init',
      ...['--haproxy-log', this.log, '--haproxy-list', this.list, '--api-port', '0']
    ])
    if (made.code !== 0) throw new Error(made.talk)
    const config = join(this.dataDir, 'netminder.toml')
    const isGiven = args.includes('--treat-as-public')
    if (!isGiven && !readFileSync(config, 'utf8').includes('[detection]')) {
      appendFileSync(config, `\n[detection]\ntreatAsPublic = ["${PUBLIC_RANGE}"]\n`)
    }
    const before = this.nodeTalk.length
    const child = this.spawn(['start', ...args])
    this.#node = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.nodeTalk += text
    })
    this.#exit = new Promise((resolve) => child.on('close', resolve))
    const deadline = performance.now() + START_DEADLINE_MS
    while (!this.nodeTalk.includes('is on guard', before)) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`expected a node that starts, got:\n${this.nodeTalk}`)
      }
      await wait(POLL_MS)
    }
  }

  /** @returns the exit code of the node; null if the signal ended it */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#node?.kill(signal)
    return this.#exit
  }

  /** The node goes on, or not, as if its machine slept. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#node?.kill(signal)
  }

  /** One request of a client, both lines, at this moment. */
  request(client: string, request: string, fields: LineFields = {}): void {
    appendFileSync(this.log, this.#linesOf(client, request, fields))
  }

  /**
   * What a scanner asks for first. In one piece: once a first path has slowed it down, what it asks for then is no evidence, and
   * it would not be banned.
   */
  scan(client: string): void {
    const paths = ['/wp-login.php', '/.env', '/.git/config', '/phpmyadmin/index.php']
    const lines = paths.map((path) => this.#linesOf(client, `GET ${path} HTTP/1.1`, {}))
    appendFileSync(this.log, lines.join(''))
  }

  #linesOf(client: string, request: string, fields: LineFields): string {
    const port = 20_000 + this.#lines++
    const given = { client, port, atMs: Date.now(), request, status: 404, ...fields }
    return `${back(given)}\n${front(given)}\n`
  }

  /** Asks until the answer is as wanted. */
  async until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
    const deadline = performance.now() + ANSWER_DEADLINE_MS
    for (;;) {
      const answer = await ask()
      if (isWanted(answer)) return answer
      if (performance.now() > deadline) {
        throw new Error(`expected another answer in time, got ${JSON.stringify(answer)}`)
      }
      await wait(POLL_MS)
    }
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.dir, { recursive: true, force: true })
  }
}
