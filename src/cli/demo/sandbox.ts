/**
 * The folders of a demo: the first node's data directory, and in it everything that the node would find beside it in life, and the
 * data directories of the nodes that other operators would run elsewhere.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf } from '../../base/index.ts'
import { type ConfigInput, dataPaths, writeConfigOnce } from '../../config/index.ts'
import { CliError } from '../errors.ts'

/** Short enough to be seen ending; the ladder doubles them for those who come back. */
export const DEMO_TTL_MS = 20_000
export const FIRST_NODE = 'node-1'
/** Other nodes are met on loopback, at whatever port is free. */
const NETWORK = { listen: ['/ip4/127.0.0.1/tcp/0'] }
const LADDER_MS = [DEMO_TTL_MS, 2 * DEMO_TTL_MS, 4 * DEMO_TTL_MS]

/** Where a node lives, and where its own words go. */
export interface NodePlace {
  readonly name: string
  readonly dataDir: string
  readonly nodeLog: string
}

/** Of a node that follows no log: what it bans, it could only have heard of. */
export interface ListenerPlace extends NodePlace {
  /** Where its bans would stand. */
  readonly banList: string
}

/** Of the first node, whose logs are played. */
export interface Sandbox extends NodePlace {
  /** Logs, lists and HAProxy of the demo. */
  readonly folder: string
  readonly haproxyLog: string
  readonly hockeypuckLog: string
  readonly isKept: boolean
}

/** @throws {CLI_INPUT_INVALID | CLI_CANNOT_CREATE} */
export function makeSandbox(options: {
  readonly dataDir: string | undefined
  readonly isKept: boolean
}): Sandbox {
  const dataDir = makeDataDir(options.dataDir)
  const folder = join(dataDir, 'demo')
  mkdirSync(folder, { mode: 0o700 })
  return {
    name: FIRST_NODE,
    dataDir,
    folder,
    haproxyLog: join(folder, 'haproxy.log'),
    hockeypuckLog: join(folder, 'hockeypuck.log'),
    nodeLog: join(folder, 'node.log'),
    isKept: options.isKept || options.dataDir !== undefined
  }
}

function makeDataDir(wanted: string | undefined): string {
  try {
    if (wanted === undefined) return mkdtempSync(join(tmpdir(), 'netminder-demo-'))
    makeFolders(wanted)
    const [something] = readdirSync(wanted)
    if (something === undefined) return wanted
    throw new CliError(
      'CLI_INPUT_INVALID',
      `expected a new or empty data directory for the demo, got ${wanted}, which holds ${something}`
    )
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const message = `expected to make a data directory for the demo, got: ${messageOf(cause)}`
    throw new CliError('CLI_CANNOT_CREATE', message, { cause })
  }
}

/** By itself, since Node's own `recursive` never returns in file systems that refuse with ENOENT, such as /proc (measured: 24.21). */
function makeFolders(path: string): void {
  if (existsSync(path)) return
  makeFolders(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

export function removeSandbox(sandbox: Sandbox): void {
  if (!sandbox.isKept) rmSync(sandbox.dataDir, { recursive: true, force: true })
}

/** @throws {ConfigError} */
export function writeDemoConfig(
  sandbox: Sandbox,
  options: {
    readonly apiPort: number
    readonly keyserverPort: number
    readonly actuators: NonNullable<ConfigInput['actuators']>
  }
): void {
  const log = { timeZone: 'UTC', fromStart: true }
  writeConfigOnce(dataPaths(sandbox.dataDir).config, {
    node: { name: sandbox.name },
    sources: [
      { name: 'haproxy', format: 'haproxy', path: sandbox.haproxyLog, ...log },
      { name: 'hockeypuck', format: 'hockeypuck', path: sandbox.hockeypuckLog, ...log }
    ],
    keyserver: { url: `http://127.0.0.1:${options.keyserverPort}` },
    defense: { throttleTtlMs: DEMO_TTL_MS, banLadderMs: LADDER_MS },
    actuators: options.actuators,
    api: { port: options.apiPort },
    network: NETWORK,
    log: { format: 'text' }
  })
}

/** Another operator's node, with a list that it would ban by. @throws {ConfigError} */
export function makeListener(
  sandbox: Sandbox,
  options: { readonly name: string; readonly keyserverPort: number }
): ListenerPlace {
  const { name, keyserverPort } = options
  const dataDir = join(sandbox.folder, name)
  mkdirSync(dataDir, { mode: 0o700 })
  const banList = join(dataDir, 'ban.list')
  writeFileSync(banList, '')
  writeConfigOnce(dataPaths(dataDir).config, {
    node: { name },
    keyserver: { url: `http://127.0.0.1:${keyserverPort}` },
    actuators: [{ kind: 'plain-list', name: 'ban', listPath: banList, action: 'ban' }],
    api: { port: 0 },
    network: NETWORK,
    log: { format: 'text' }
  })
  return { name, dataDir, nodeLog: join(dataDir, 'node.log'), banList }
}
