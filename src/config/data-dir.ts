/** Where a node keeps its files, and what they are called. */
import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigError } from './errors.ts'

export const SYSTEM_DATA_DIR = '/var/lib/netminder'
/** User under which the installed service runs. */
export const SERVICE_USER = 'netminder'

export interface DataDirFacts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly uid: number
  readonly userName: string
  readonly homeDir: string
}

/** What the running process knows about its user. */
export function dataDirFacts(): DataDirFacts {
  return {
    environment: process.env,
    uid: process.getuid?.() ?? -1,
    userName: readUserName(),
    homeDir: homedir()
  }
}

/** A user without an entry in the user database (a container with a bare uid) has no name. */
function readUserName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}

/** Nothing can be made below these, and Node's recursive mkdir never returns from trying (seen with 24.21). */
export function isKernelPath(path: string): boolean {
  return /^\/(?:proc|sys)(?:\/|$)/.test(resolve(path))
}

/**
 * The option, else `NETMINDER_DATA_DIR`, else `/var/lib/netminder` for root and the service user, else the user's own
 * `~/.local/share/netminder` (XDG Base Directory Specification).
 *
 * @throws {CONFIG_UNWRITABLE} for a place where no directory can be made
 */
export function resolveDataDir(
  option: string | undefined,
  facts: DataDirFacts = dataDirFacts()
): string {
  const named = option ?? facts.environment['NETMINDER_DATA_DIR']
  if (named !== undefined && named !== '') {
    if (!isKernelPath(named)) return resolve(named)
    const message = `expected a directory in which files can be made, got ${named}`
    const origin = option === undefined ? 'NETMINDER_DATA_DIR' : '--data-dir'
    throw new ConfigError([{ code: 'CONFIG_UNWRITABLE', origin, keyPath: '', message }])
  }
  if (facts.uid === 0 || facts.userName === SERVICE_USER) return SYSTEM_DATA_DIR
  const xdg = facts.environment['XDG_DATA_HOME']
  const base = xdg?.startsWith('/') ? xdg : join(facts.homeDir, '.local', 'share')
  return join(base, 'netminder')
}

export interface DataPaths {
  readonly dataDir: string
  readonly config: string
  readonly localConfig: string
  readonly database: string
  /** Token of the scope `admin`, 0600, made at the first start. */
  readonly adminToken: string
  /** Ed25519 key under which the node speaks to others, 0600, made when it is first in a network. */
  readonly networkKey: string
  /** Numbers of own events that are reserved; lies beside the key. */
  readonly networkSequence: string
  /** Where the running API listens, as JSON; absent while no node runs. */
  readonly apiAddress: string
  /** Packages of models that were given to this node. */
  readonly models: string
  /** Secret that says which sources a canary judges, 0600, made with the first canary. */
  readonly canaryKey: string
  /** Trainings that have not ended: what they are to do, and their checkpoints. */
  readonly training: string
}

export function dataPaths(dataDir: string): DataPaths {
  return {
    dataDir,
    config: join(dataDir, 'netminder.toml'),
    localConfig: join(dataDir, 'netminder.local.toml'),
    database: join(dataDir, 'netminder.db'),
    adminToken: join(dataDir, 'admin.token'),
    networkKey: join(dataDir, 'network.key'),
    networkSequence: join(dataDir, 'network.seq'),
    apiAddress: join(dataDir, 'api.json'),
    models: join(dataDir, 'models'),
    canaryKey: join(dataDir, 'canary.key'),
    training: join(dataDir, 'training')
  }
}
