/**
 * A real HAProxy in a folder of its own, configured in the shape of Hockeypuck's standalone deployment: the blacklist file in two
 * front ends, the crawler table whose rule answers 429, the splitter in TCP mode before the HTTP front end, the admin socket. Without
 * the stock peer that keeps the tables (it takes ten seconds to be ready), a reload loses them.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KeptConnection, keepHttp1, keepHttp2 } from './kept-connection.ts'

const PROGRAM = 'haproxy'

/** Why tests with the real program cannot run here; undefined if they can. */
export const noHaproxy: string | undefined =
  spawnSync(PROGRAM, ['-v']).status === 0 ? undefined : 'haproxy is not installed'

export interface HaproxyFixtureOptions {
  /** How the front end turns a blacklisted source away: stock closes the connection, `deny` answers 403. @default 'deny' */
  readonly refusal?: 'deny' | 'reject'
  /** What stands in the list before HAProxy first reads it. @default '' */
  readonly list?: string
  /** It trusts X-Forwarded-For as behind another proxy, in the words of the stock configuration. @default false */
  readonly isBehindProxy?: boolean
  /** Folder of the list below the fixture's folder. @default 'lists' */
  readonly listFolder?: string
}

export interface HttpAnswer {
  /** Undefined: the connection was closed without an answer. */
  readonly status: number | undefined
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

/** Far more than HAProxy ever takes, so that a busy machine is no failure. */
const UNTIL_MS_MAX = 45_000

async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + UNTIL_MS_MAX
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`expected ${what} within ${UNTIL_MS_MAX} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export class HaproxyFixture {
  readonly folder: string
  readonly listPath: string
  readonly socketPath: string
  /** Further lines of the `global` section. */
  readonly global: string[] = []
  readonly #options: HaproxyFixtureOptions
  #backend: Server | undefined
  #process: ChildProcess | undefined
  #port = 0
  #proxiedPort = 0
  #splitterPort = 0
  #log = ''

  constructor(options: HaproxyFixtureOptions = {}) {
    this.#options = options
    this.folder = mkdtempSync(join(tmpdir(), 'netminder-haproxy-'))
    const lists = join(this.folder, options.listFolder ?? 'lists')
    mkdirSync(lists, { recursive: true })
    this.listPath = join(lists, 'blacklist.list')
    this.socketPath = join(this.folder, 'admin.sock')
    writeFileSync(this.listPath, options.list ?? '')
  }

  /** Binds the admin socket to every address, as the stock configuration does; returns the port. */
  async openAdminPort(): Promise<number> {
    const port = await freePort()
    this.global.push(
      `stats socket ipv4@0.0.0.0:${port} level admin`,
      `stats socket :${await freePort()} level admin`
    )
    return port
  }

  async start(): Promise<void> {
    this.#backend ??= await startBackend()
    this.#port ||= await freePort()
    this.#proxiedPort ||= await freePort()
    this.#splitterPort ||= await freePort()
    const file = join(this.folder, 'haproxy.cfg')
    writeFileSync(file, this.#configuration((this.#backend.address() as AddressInfo).port))
    const child = spawn(PROGRAM, ['-W', '-f', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: this.folder
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#log = `${this.#log}${chunk.toString()}`.slice(-4000)
    })
    this.#process = child
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`HAProxy did not start: ${this.#log}`)
      return (await this.command('show info').catch(() => '')) !== ''
    }, 'HAProxy to start')
  }

  /** Ends it as a crash or a power cut would; tables are lost. */
  async stop(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const workers = childrenOf(child.pid)
    child.kill('SIGKILL')
    for (const pid of workers) kill(pid)
    await ended
    await until(() => workers.every((pid) => !isAlive(pid)), 'the workers to end')
  }

  async dispose(): Promise<void> {
    await this.stop()
    await new Promise<void>((resolve) =>
      this.#backend === undefined ? resolve() : this.#backend.close(() => resolve())
    )
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Hot reload as the stock deployment does it every 30 minutes; returns when the new worker answers. */
  async reload(): Promise<void> {
    const before = await this.#workerPid()
    this.#process?.kill('SIGUSR2')
    await until(async () => {
      const pid = await this.#workerPid().catch(() => before)
      return pid !== before
    }, 'HAProxy to reload')
  }

  async #workerPid(): Promise<string | undefined> {
    return /^Pid: (\d+)$/m.exec(await this.command('show info'))?.[1]
  }

  /** A command on the admin socket, past the code under test. */
  command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: this.socketPath })
      let answer = ''
      socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')))
      socket.on('connect', () => socket.write(`${text}\n`))
      socket.on('data', (chunk) => {
        answer += chunk.toString()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(answer))
    })
  }

  /** Texts on the running list, in HAProxy's order. */
  async listed(): Promise<string[]> {
    const answer = await this.command(`show acl ${this.listPath.replaceAll(' ', '\\ ')}`)
    return answer.split('\n').flatMap((line) => /^0x\S+ (.*)$/.exec(line)?.[1] ?? [])
  }

  /** Keys of the crawler table that its rule answers with 429. */
  async throttled(): Promise<string[]> {
    const answer = await this.command('show table st_info_crawler data.gpc0 gt 5')
    return answer.split('\n').flatMap((line) => /key=(\S+)/.exec(line)?.[1] ?? [])
  }

  file(): string {
    return readFileSync(this.listPath, 'latin1')
  }

  /** One request from a loopback address of choice; from an IPv6 address by the PROXY protocol, as behind stock's splitter. */
  async request(
    source: string,
    { path = '/', forwardedFor }: { path?: string; forwardedFor?: string } = {}
  ): Promise<HttpAnswer> {
    return await new Promise((resolve) => {
      const isProxied = source.includes(':')
      const socket = connect({
        host: '127.0.0.1',
        port: isProxied ? this.#proxiedPort : this.#port,
        localAddress: isProxied ? '127.0.0.1' : source
      })
      let answer = ''
      socket.setTimeout(5_000, () => socket.destroy())
      socket.on('connect', () =>
        socket.write(
          `${isProxied ? `PROXY TCP6 ${source} ::1 40000 80\r\n` : ''}GET ${path} HTTP/1.1\r\nHost: keys.example\r\n${forwardedFor === undefined ? '' : `X-Forwarded-For: ${forwardedFor}\r\n`}Connection: close\r\n\r\n`
        )
      )
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1')
      })
      socket.on('error', () => undefined)
      socket.on('close', () => {
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]
        resolve({ status: status === undefined ? undefined : Number(status) })
      })
    })
  }

  async status(source: string): Promise<number | undefined> {
    return (await this.request(source)).status
  }

  /** A connection that stays open; `splitter` reaches the front end as port 443 and 11371 of the stock deployment do. */
  async keep(
    source: string,
    { version = 1, door = 'http' }: { version?: 1 | 2; door?: 'http' | 'splitter' } = {}
  ): Promise<KeptConnection> {
    const open = version === 1 ? keepHttp1 : keepHttp2
    const port = door === 'http' ? this.#port : this.#splitterPort
    return await open({ port, localAddress: source })
  }

  #configuration(backendPort: number): string {
    const list = this.listPath.replaceAll(' ', '\\ ')
    const refusal =
      this.#options.refusal === 'reject'
        ? 'tcp-request connection reject if blacklisted'
        : 'http-request deny deny_status 403 if blacklisted'
    return `global
  maxconn 500
  hard-stop-after 2s
  stats socket ${this.socketPath} mode 660 level admin expose-fd listeners
${this.global.map((line) => `  ${line}\n`).join('')}
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s

backend st_info_crawler
  stick-table type ipv6 size 1m expire 24h store gpc0

frontend fe_splitter
  mode tcp
  bind 127.0.0.1:${this.#splitterPort}
  acl blacklisted src -f ${list}
  tcp-request content reject if blacklisted
  default_backend be_splitter

backend be_splitter
  mode tcp
  server http unix@${join(this.folder, 'inner.sock')} send-proxy-v2

frontend fe_http_handler
  bind unix@${join(this.folder, 'inner.sock')} accept-proxy
  bind 127.0.0.1:${this.#port}
  bind 127.0.0.1:${this.#proxiedPort} accept-proxy
  acl blacklisted src -f ${list}
  ${refusal}
  http-request track-sc1 ${this.#options.isBehindProxy === true ? 'hdr_ip(X-Forwarded-For,-1)' : 'src'} table st_info_crawler
  http-request deny deny_status 429 if { sc1_get_gpc0(st_info_crawler) gt 5 }
  default_backend be_hockeypuck

frontend fe_other
  bind unix@${join(this.folder, 'other.sock')}
  acl blacklisted src -f ${list}
  http-request deny if blacklisted
  default_backend be_hockeypuck

backend be_hockeypuck
  server srv_keyserver 127.0.0.1:${backendPort}
`
  }
}

async function startBackend(): Promise<Server> {
  const server = createServer((request, response) => {
    // Holds a request open, so that HAProxy still tracks its source.
    const delayMs = request.url === '/slow' ? 1_500 : 0
    setTimeout(() => response.end('ok'), delayMs).unref()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return server
}

function childrenOf(pid: number | undefined): number[] {
  try {
    const text = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    return text.trim().split(/\s+/).filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie that waits for its new parent has ended for our purpose.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
