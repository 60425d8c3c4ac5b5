/**
 * An HAProxy of the demo's own on loopback, with rules of the shape of Hockeypuck's standalone deployment: a blacklist file
 * that closes connections, a crawler table whose rule answers 429, an admin socket.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../base/index.ts'
import { CliError } from '../errors.ts'
import { ChildProgram } from './child-program.ts'

export interface HaproxyProgram {
  readonly program: string
  /** `2.6.12-1+deb12u4` */
  readonly version: string
}

/** Debian keeps it where a plain user's search path does not lead. */
const PROGRAMS = ['haproxy', '/usr/sbin/haproxy', '/usr/local/sbin/haproxy']
const START_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 5_000
const POLL_MS = 50
/** `sun_path` holds 107 bytes (unix(7)); HAProxy adds its process id and `.tmp` while it binds. */
const SOCKET_PATH_BYTES_MAX = 90
export const THROTTLE_TABLE = 'st_info_crawler'

export function findHaproxy(): HaproxyProgram | undefined {
  for (const program of PROGRAMS) {
    const { status, stdout } = spawnSync(program, ['-v'], { encoding: 'utf8', timeout: 5_000 })
    if (status === 0) return { program, version: /version (\S+)/.exec(stdout)?.[1] ?? '' }
  }
  return undefined
}

export interface DemoHaproxyOptions {
  readonly found: HaproxyProgram
  readonly folder: string
  readonly listPath: string
  readonly backendPort: number
}

export class DemoHaproxy {
  readonly version: string
  readonly socketPath: string
  readonly listPath: string
  readonly #options: DemoHaproxyOptions
  readonly #clock: Clock
  #program: ChildProgram | undefined
  #port = 0

  constructor(options: DemoHaproxyOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.version = options.found.version
    this.listPath = options.listPath
    this.socketPath = join(options.folder, 'admin.sock')
    if (Buffer.byteLength(this.socketPath) > SOCKET_PATH_BYTES_MAX) {
      const message = `expected a data directory with a path short enough for a socket (${SOCKET_PATH_BYTES_MAX} bytes with ${this.socketPath})`
      throw new CliError('CLI_INPUT_INVALID', message)
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`
  }

  /** @throws {CLI_PROGRAM_FAILED} */
  async start(signal: AbortSignal): Promise<void> {
    const { folder, found } = this.#options
    this.#port = await freePort()
    const config = join(folder, 'haproxy.cfg')
    writeFileSync(config, this.#configuration())
    this.#program = new ChildProgram({
      name: `HAProxy (${found.program})`,
      program: found.program,
      args: ['-db', '-f', config],
      cwd: folder,
      logFile: join(folder, 'haproxy-own.log')
    })
    const endMs = this.#clock.monotonicMs() + START_TIMEOUT_MS
    while (!(await this.#answers())) {
      this.#program.requireRunning()
      if (this.#clock.monotonicMs() > endMs) {
        throw new CliError('CLI_PROGRAM_FAILED', 'expected HAProxy to answer within 10 s')
      }
      await this.#clock.sleep(POLL_MS, signal)
    }
  }

  async stop(): Promise<void> {
    await this.#program?.stop()
  }

  /** Whether the running list holds the prefix; a single address is listed without its length. */
  async isListed(prefix: string): Promise<boolean> {
    const answer = await this.#command(`show acl ${this.listPath.replaceAll(' ', '\\ ')}`)
    const single = prefix.replace(/\/(?:32|128)$/, '')
    return answer.split('\n').some((line) => line.split(' ')[1]?.replace(/\/32$/, '') === single)
  }

  async isThrottled(prefix: string): Promise<boolean> {
    const address = prefix.replace(/\/(?:32|128)$/, '')
    const answer = await this.#command(`show table ${THROTTLE_TABLE} data.gpc0 gt 5`)
    return answer.split('\n').some((line) => {
      const key = / key=(\S+)/.exec(line)?.[1]
      return key === address || key === `::ffff:${address}`
    })
  }

  /** Asks for a page from an address of 127.0.0.0/8; undefined if the connection was closed without an answer. */
  async request(source: string): Promise<number | undefined> {
    const text = await exchange(
      { host: '127.0.0.1', port: this.#port, localAddress: source },
      'GET / HTTP/1.1\r\nHost: keys.example\r\nConnection: close\r\n\r\n'
    )
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]
    return status === undefined ? undefined : Number(status)
  }

  async #answers(): Promise<boolean> {
    return (await this.#command('show info')) !== ''
  }

  #command(text: string): Promise<string> {
    return exchange({ path: this.socketPath }, `${text}\n`)
  }

  #configuration(): string {
    const { backendPort, listPath } = this.#options
    return `global
  maxconn 200
  stats socket ${quoted(this.socketPath)} mode 600 level admin

defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s

backend ${THROTTLE_TABLE}
  stick-table type ipv6 size 100k expire 24h store gpc0

frontend fe_http_handler
  bind 127.0.0.1:${this.#port}
  acl blacklisted src -f ${quoted(listPath)}
  tcp-request connection reject if blacklisted
  http-request track-sc1 src table ${THROTTLE_TABLE}
  http-request deny deny_status 429 if { sc1_get_gpc0(${THROTTLE_TABLE}) gt 5 }
  default_backend be_hockeypuck

backend be_hockeypuck
  server srv_keyserver 127.0.0.1:${backendPort}
`
  }
}

/** Strong quotes of HAProxy's configuration (2.4). */
function quoted(path: string): string {
  return `'${path.replaceAll("'", `'"'"'`)}'`
}

/** What the other side said until it closed the connection; empty where nobody answered. */
function exchange(
  target: { host: string; port: number; localAddress: string } | { path: string },
  text: string
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(target)
    let answer = ''
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => socket.write(text))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return typeof address === 'object' && address !== null ? address.port : 0
}
