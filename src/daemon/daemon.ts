/** What the command line asks of the daemon: make a data directory, run a node, sweep, look at the actuators. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isAbortError, SystemClock } from '../base/index.ts'
import {
  type Config,
  type ConfigInput,
  dataPaths,
  loadConfig,
  readServiceEnvironment,
  writeConfigOnce
} from '../config/index.ts'
import { type ActuatorProblem, createActuator, sweepActuators } from '../keyserver/index.ts'
import { generateTokenText, readOrCreateSecret } from '../store/index.ts'
import { createLogger } from '../telemetry/index.ts'
import { actuatorOptions } from './actuator-options.ts'
import { ACTUATOR_RECORD_DIR, NetminderNode } from './node.ts'

export interface InitOptions {
  readonly dataDir: string
  readonly name?: string | undefined
  readonly apiPort?: number | undefined
  readonly listen?: readonly string[] | undefined
  readonly haproxyLog?: string | undefined
  readonly hockeypuckLog?: string | undefined
  readonly haproxyList?: string | undefined
  readonly adminSocket?: string | undefined
}

export interface InitReport {
  readonly dataDir: string
  readonly configFile: string
  /** False: a configuration was there already and was left as it is. */
  readonly isNewConfig: boolean
  readonly tokenFile: string
  readonly isNewToken: boolean
}

export interface StartOptions {
  readonly dataDir: string
  readonly configFile?: string | undefined
  /** Values by dotted path, above every file. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined
  readonly signal: AbortSignal
}

/** Makes configuration and token where they are missing; safe to repeat. @throws {ConfigError | StorageError} */
export function initDataDir(options: InitOptions): InitReport {
  const paths = dataPaths(options.dataDir)
  const isNewConfig = writeConfigOnce(paths.config, configFor(options))
  const { isNew } = readOrCreateSecret(paths.adminToken, () => generateTokenText('admin'))
  return {
    dataDir: options.dataDir,
    configFile: paths.config,
    isNewConfig,
    tokenFile: paths.adminToken,
    isNewToken: isNew
  }
}

function configFor(options: InitOptions): ConfigInput {
  const sources: NonNullable<ConfigInput['sources']> = []
  if (options.haproxyLog !== undefined) {
    sources.push({
      name: 'haproxy',
      format: 'haproxy',
      path: options.haproxyLog,
      ...kindOf(options.haproxyLog)
    })
  }
  if (options.hockeypuckLog !== undefined) {
    sources.push({
      name: 'hockeypuck',
      format: 'hockeypuck',
      path: options.hockeypuckLog,
      ...kindOf(options.hockeypuckLog)
    })
  }
  return {
    ...(options.name === undefined ? {} : { node: { name: options.name } }),
    ...(options.apiPort === undefined ? {} : { api: { port: options.apiPort } }),
    ...(options.listen === undefined ? {} : { network: { listen: [...options.listen] } }),
    ...(sources.length === 0 ? {} : { sources }),
    ...(options.haproxyList === undefined
      ? {}
      : {
          actuators: [
            {
              kind: 'haproxy' as const,
              name: 'haproxy',
              listPath: options.haproxyList,
              ...(options.adminSocket === undefined ? {} : { socket: options.adminSocket })
            }
          ]
        })
  }
}

/** Docker's own name for its logs. */
function kindOf(path: string): { kind?: 'docker-json' } {
  return path.endsWith('-json.log') ? { kind: 'docker-json' } : {}
}

/** Runs a node until the signal aborts; initialises an empty directory first. */
export async function startNode(options: StartOptions): Promise<void> {
  if (options.configFile === undefined) initDataDir({ dataDir: options.dataDir })
  const { dataDir, configFile, flags = {} } = options
  const { config } = loadConfig({ dataDir, configFile, flags })
  const logger = createLogger(config.log)
  const node = new NetminderNode(
    { dataDir: options.dataDir, config, service: readServiceEnvironment() },
    { clock: new SystemClock(), logger }
  )
  try {
    await node.start(options.signal)
    await aborted(options.signal)
    logger.info({}, 'stopping')
  } catch (error) {
    if (!isAbortError(error)) throw error
  } finally {
    await node.stop()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    // The listener alone does not keep the process alive; the API's sockets and this timer do.
    const keepAlive = setInterval(() => undefined, 2 ** 30)
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(keepAlive)
        resolve()
      },
      { once: true }
    )
    if (signal.aborted) clearInterval(keepAlive)
  })
}

/** Ends what outlived its time, without daemon and database (DESIGN §8.2). */
export async function sweepDataDir(options: {
  readonly dataDir: string
  readonly configFile?: string | undefined
  readonly isAll: boolean
  readonly signal: AbortSignal
}): Promise<readonly { name: string; removed: number }[]> {
  const { config } = loadConfig(options)
  const how = {
    recordDir: join(options.dataDir, ACTUATOR_RECORD_DIR),
    nowMs: new SystemClock().nowMs(),
    isAll: options.isAll
  }
  return await sweepActuators(actuatorOptions(config), how, options.signal)
}

/** What is wrong at the places where decisions are carried out. */
export async function checkActuators(
  config: Config,
  signal: AbortSignal
): Promise<readonly ActuatorProblem[]> {
  const problems = await Promise.all(
    actuatorOptions(config).map((options) =>
      createActuator(options, {
        // A check puts nothing in place, so nothing is recorded.
        recordDir: join('/nonexistent', randomBytes(4).toString('hex')),
        findProtection: () => undefined,
        nowMs: () => 0
      }).check(signal)
    )
  )
  return problems.flat()
}
