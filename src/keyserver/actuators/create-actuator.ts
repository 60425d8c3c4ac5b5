/** Makes actuators from options, and the independent sweep over the same options. */
import { join } from 'node:path'
import type { Actuator, ActuatorAction, ProtectionCheck } from './actuator.ts'
import { HaproxyActuator } from './haproxy/haproxy-actuator.ts'
import { HeldRecord } from './held-record.ts'
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

function recordPath(name: string, ports: Pick<ActuatorPorts, 'recordDir'>): string {
  return join(ports.recordDir, `${name}.json`)
}

export function createActuator(options: ActuatorOptions, ports: ActuatorPorts): Actuator {
  switch (options.kind) {
    case 'haproxy':
      return new HaproxyActuator(
        {
          name: options.name,
          listPath: options.listPath || undefined,
          listPathInProxy: options.listPathInProxy || undefined,
          socket: options.socket || undefined,
          throttleTable: options.throttleTable || undefined,
          commandTimeoutMs: options.commandTimeoutMs,
          recordPath: recordPath(options.name, ports)
        },
        ports
      )
    case 'plain-list':
      return new PlainListActuator(
        { ...options, recordPath: recordPath(options.name, ports) },
        ports
      )
    case 'http-list':
      return new HttpListActuator(options, ports.findProtection)
  }
}

/**
 * Ends every entry of ours whose time is up, without the daemon and its database; with `isAll` every entry of ours. Safe beside a
 * running daemon: it only ever removes what the record says is ours and over, and the daemon mends what it still wants.
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
    try {
      const record = new HeldRecord(recordPath(options.name, how))
      const before = await record.read()
      const left = how.isAll ? [] : before.filter((entry) => entry.untilMs > how.nowMs)
      if (left.length === before.length) {
        swept.push({ name: options.name, removed: 0 })
        continue
      }
      const actuator = createActuator(options, {
        recordDir: how.recordDir,
        findProtection: () => undefined,
        nowMs: () => how.nowMs
      })
      await actuator.apply(left, signal)
      swept.push({ name: options.name, removed: before.length - left.length })
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return swept
}
