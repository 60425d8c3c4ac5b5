/** What every check may ask: where the node lives, and the machine through small ports, so that the judgement runs without either. */
import type { Clock } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import type { ActuatorProblem } from '../../keyserver/index.ts'
import type { ServiceAccount } from './service-account.ts'
import type { CommandRunner } from './system-command.ts'

export interface DoctorPlaces {
  readonly dataDir: string
  readonly configFile: string | undefined
  readonly tokenFile: string | undefined
}

export interface DoctorPorts {
  readonly clock: Clock
  readonly command: CommandRunner
  checkActuators(config: Config, signal: AbortSignal): Promise<readonly ActuatorProblem[]>
}

/** What the checks have in common; read once. */
export interface DoctorScene extends DoctorPlaces {
  readonly ports: DoctorPorts
  /** Undefined: it does not load, which is a finding of its own; what depends on it is left out. */
  readonly config: Config | undefined
  /** Who runs the node. */
  readonly service: ServiceAccount
}
