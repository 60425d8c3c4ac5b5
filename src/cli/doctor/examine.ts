/** The written list of checks, over one node. Changes nothing, needs no running node, and ends within its deadline whatever hangs. */
import { type Config, dataPaths, type SourceConfig } from '../../config/index.ts'
import { checkActuator } from './actuator-checks.ts'
import { judgeConfig, readConfig } from './config-checks.ts'
import { checkDataDir } from './data-dir-checks.ts'
import { checkDatabase } from './database-checks.ts'
import { checkKeyserver } from './keyserver-checks.ts'
import { judgeAgreement } from './log-agreement.ts'
import { checkLog } from './log-checks.ts'
import { type LogTail, readLogTail } from './log-tail.ts'
import { checkNetwork } from './network-checks.ts'
import { checkNode } from './node-checks.ts'
import type { DoctorPlaces, DoctorPorts, DoctorScene } from './places.ts'
import { type Check, type CheckResult, runChecks } from './run-checks.ts'
import { findServiceAccount } from './service-account.ts'
import { checkClockSync, judgeNode, judgeService } from './service-checks.ts'

const DEADLINE_MS = 15_000

export async function examine(
  places: DoctorPlaces,
  ports: DoctorPorts,
  signal: AbortSignal
): Promise<readonly CheckResult[]> {
  const reading = readConfig(places)
  const config = 'config' in reading ? reading.config : undefined
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
  const scene: DoctorScene = {
    ...places,
    ports,
    config,
    service: await findServiceAccount(places.dataDir, ports.command, limit)
  }
  const configFile = places.configFile ?? dataPaths(places.dataDir).config
  const problems = 'problems' in reading ? reading.problems : []
  const checks: Check[] = [
    { name: 'program', run: async () => judgeNode(process.versions.node) },
    { name: 'data directory', run: (own) => checkDataDir(scene, own) },
    {
      name: 'configuration',
      run: async () => (config === undefined ? problems : judgeConfig(config, configFile))
    },
    { name: 'database', run: () => checkDatabase(scene) },
    { name: 'service', run: async () => judgeService(serviceFacts(scene)) },
    { name: 'node', run: (own) => checkNode(scene, own) },
    { name: 'network', run: (own) => checkNetwork(scene, own) },
    { name: 'clock', run: (own) => checkClockSync(scene, own) },
    ...(config === undefined ? [] : configuredChecks(scene, config))
  ]
  return await runChecks(checks, { deadlineMs: DEADLINE_MS, clock: ports.clock, signal })
}

function serviceFacts({ service, dataDir, config }: DoctorScene) {
  const isOutliving = ({ kind }: Config['actuators'][number]) => kind !== 'http-list'
  return { service, dataDir, hasActuators: config?.actuators.some(isOutliving) ?? false }
}

function configuredChecks(scene: DoctorScene, config: Config): Check[] {
  const logs = config.sources
    .filter(({ kind }) => kind !== 'syslog')
    .map((source) => ({ source, tail: readLogTail(source) }))
  return [
    ...logs.map(
      ({ source, tail }): Check => ({
        name: `log ${source.name}`,
        run: (signal) => checkLog(source, tail, { scene, signal })
      })
    ),
    { name: 'times of the logs', run: () => checkAgreement(logs) },
    ...config.actuators.map(
      (actuator): Check => ({
        name: `actuator ${actuator.name}`,
        run: (signal) => checkActuator(actuator, config, { scene, signal })
      })
    ),
    { name: 'keyserver', run: (signal) => checkKeyserver(scene, signal) }
  ]
}

async function checkAgreement(
  logs: readonly { readonly source: SourceConfig; readonly tail: Promise<LogTail> }[]
) {
  const seen = await Promise.all(
    logs.map(async ({ source, tail }) => ({ source, tail: await tail }))
  )
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  return judgeAgreement({ logs: seen, machineZone: timeZone })
}
