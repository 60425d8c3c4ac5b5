/** Makes actuators from options, and the independent sweep over the same options. */
import { join } from 'node:path'
import type { Actuator, ActuatorAction, ProtectionCheck, SweepableActuator } from './actuator.ts'
import { HaproxyActuator } from './haproxy/haproxy-actuator.ts'
import { HttpListActuator } from './http-list.ts'
import { PlainListActuator } from './plain-list.ts'

export type ActuatorOptions =
  | {
      readonly kind: 'haproxy'
      readonly name: string
      readonly listPath: string
      /** Empty: the same as `listPath`. */
      readonly listPathInProxy: string
      /** Empty: none. */
      readonly socket: string
      /** Empty: none. */
      readonly throttleTable: string
      readonly commandTimeoutMs: number
      /** A CDN or another proxy stands in front of HAProxy. @default false */
      readonly isBehindProxy?: boolean
    }
  | {
      readonly kind: 'plain-list'
      readonly name: string
      readonly listPath: string
      readonly action: ActuatorAction
    }
  | { readonly kind: 'http-list'; readonly name: string; readonly action: ActuatorAction }

export interface ActuatorPorts {
  /** Folder for the records of what was put in place. */
  readonly recordDir: string
  readonly findProtection: ProtectionCheck
  readonly nowMs: () => number
}

export function createActuator(options: ActuatorOptions, ports: ActuatorPorts): Actuator {
  return options.kind === 'http-list'
    ? new HttpListActuator(options, ports)
    : createSweepable(options, ports)
}

function createSweepable(
  options: Exclude<ActuatorOptions, { readonly kind: 'http-list' }>,
  ports: ActuatorPorts
): SweepableActuator {
  const recordPath = join(ports.recordDir, `${options.name}.json`)
  if (options.kind === 'plain-list') return new PlainListActuator({ ...options, recordPath }, ports)
  return new HaproxyActuator(
    {
      name: options.name,
      listPath: options.listPath || undefined,
      listPathInProxy: options.listPathInProxy || undefined,
      socket: options.socket || undefined,
      throttleTable: options.throttleTable || undefined,
      commandTimeoutMs: options.commandTimeoutMs,
      isBehindProxy: options.isBehindProxy ?? false,
      recordPath
    },
    ports
  )
}

/**
 * Ends every entry of ours whose time is up, without the daemon and its database; with `isAll` every entry of ours. Safe beside a
 * running daemon: it only ever removes what the record says is ours and over, and the daemon mends what it still wants. Where
 * HAProxy does not run, the list is swept, and the running list by the first sweep that finds HAProxy again.
 *
 * @throws {KeyserverError} of the first actuator that failed, after the others were swept
 */
export async function sweepActuators(
  actuators: readonly ActuatorOptions[],
  how: { readonly recordDir: string; readonly nowMs: number; readonly isAll: boolean },
  signal: AbortSignal
): Promise<readonly { name: string; removed: number }[]> {
  const swept: { name: string; removed: number }[] = []
  const failures: unknown[] = []
  for (const options of actuators) {
    if (options.kind === 'http-list') continue
    const actuator = createSweepable(options, {
      recordDir: how.recordDir,
      findProtection: () => undefined,
      nowMs: () => how.nowMs
    })
    try {
      const report = await actuator.sweep(
        (entry) => how.isAll || entry.untilMs <= how.nowMs,
        signal
      )
      swept.push({ name: options.name, removed: report.removed })
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return swept
}
