/** The folders of a demo: the node's data directory, and in it everything that the node would find beside it in life. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf } from '../../base/index.ts'
import { type ConfigInput, dataPaths, writeConfigOnce } from '../../config/index.ts'
import { CliError } from '../errors.ts'

/** Short enough to be seen ending; the ladder doubles them for those who come back. */
export const DEMO_TTL_MS = 20_000
const LADDER_MS = [DEMO_TTL_MS, 2 * DEMO_TTL_MS, 4 * DEMO_TTL_MS]

export interface Sandbox {
  readonly dataDir: string
  /** Logs, lists and HAProxy of the demo. */
  readonly folder: string
  readonly haproxyLog: string
  readonly hockeypuckLog: string
  readonly nodeLog: string
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
    node: { name: 'demo' },
    sources: [
      { name: 'haproxy', format: 'haproxy', path: sandbox.haproxyLog, ...log },
      { name: 'hockeypuck', format: 'hockeypuck', path: sandbox.hockeypuckLog, ...log }
    ],
    keyserver: { url: `http://127.0.0.1:${options.keyserverPort}` },
    defense: { throttleTtlMs: DEMO_TTL_MS, banLadderMs: LADDER_MS },
    actuators: options.actuators,
    api: { port: options.apiPort },
    log: { format: 'text' }
  })
}
