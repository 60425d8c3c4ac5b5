/** The places where decisions are carried out: what they say themselves, and what the user of the node may do at them. */
import { dirname } from 'node:path'
import type { ActuatorConfig, Config } from '../../config/index.ts'
import type { ActuatorProblem } from '../../keyserver/index.ts'
import { isLoopback } from './config-checks.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { DoctorScene } from './places.ts'
import { mayAccess } from './service-account.ts'

export interface ActuatorFacts {
  readonly actuator: ActuatorConfig
  readonly problems: readonly ActuatorProblem[]
  /** By the user of the node; undefined if that cannot be found out, or does not matter. */
  readonly isSocketWritable: boolean | undefined
  readonly isFolderWritable: boolean | undefined
  readonly serviceName: string
}

/** No faults: the operator may have no admin socket or table to give, or stand behind a CDN. */
const NOTES: ReadonlySet<string> = new Set(['NO_SOCKET', 'NO_TABLE', 'BEHIND_PROXY'])

export async function checkActuator(
  actuator: ActuatorConfig,
  config: Config,
  how: { readonly scene: DoctorScene; readonly signal: AbortSignal }
): Promise<readonly Finding[]> {
  const { scene, signal } = how
  const { service, ports } = scene
  const access = { service, command: ports.command, signal }
  const problems = await ports.checkActuators({ ...config, actuators: [actuator] }, signal)
  const isOwn = service.uid === undefined || service.uid === service.callerUid
  const socket = actuator.kind === 'haproxy' ? actuator.socket : ''
  return judgeActuator({
    actuator,
    problems,
    isSocketWritable:
      isOwn || !socket.startsWith('/') || isAbsent(problems)
        ? undefined
        : await mayAccess(socket, 'write', access),
    isFolderWritable:
      isOwn || actuator.kind === 'http-list'
        ? undefined
        : await mayAccess(dirname(actuator.listPath), 'write', access),
    serviceName: service.name
  })
}

function isAbsent(problems: readonly ActuatorProblem[]): boolean {
  return problems.some(
    ({ code, message }) => code === 'HAPROXY_UNREACHABLE' && message.includes('ENOENT')
  )
}

export function judgeActuator(facts: ActuatorFacts): readonly Finding[] {
  const { actuator, problems, serviceName } = facts
  const findings = problems.map(({ code, message, cure }) =>
    (NOTES.has(code) ? note : fault)(code, message, cure)
  )
  const known = new Set(problems.map(({ code }) => code))
  if (actuator.kind === 'http-list') return findings
  const folder = dirname(actuator.listPath)
  if (facts.isFolderWritable === false && !known.has('LIST_UNWRITABLE')) {
    findings.push(
      fault(
        'LIST_UNWRITABLE',
        `${actuator.name}: ${serviceName}, who runs the node, may not write in ${folder}`,
        `sudo scripts/install.sh --haproxy-lists ${shellWord(folder)}; or by hand: setfacl -m u:${serviceName}:rwx ${shellWord(folder)}`
      )
    )
  }
  if (actuator.kind === 'plain-list') return findings
  const { socket } = actuator
  if (facts.isSocketWritable === false) {
    findings.push(
      fault(
        'SOCKET_NOT_WRITABLE',
        `${actuator.name}: ${serviceName}, who runs the node, may not write to ${socket}`,
        `sudo scripts/install.sh --haproxy-lists ${shellWord(folder)} --admin-socket ${shellWord(socket)} (HAProxy makes a new socket at each reload, and this opens it again)`
      )
    )
  }
  const host = /^(?:tcp:\/\/|ipv[46]@)?(\[[0-9a-f:.]+\]|[^/:]+):\d+$/i.exec(socket)?.[1]
  if (host !== undefined && !isLoopback(host)) {
    findings.push(
      fault(
        'ADMIN_SOCKET_REMOTE',
        `${actuator.name}: HAProxy is commanded over the network at ${socket}, without password and encryption`,
        'use a UNIX socket or 127.0.0.1:PORT in socket of [[actuators]] (from another machine by ssh -L)'
      )
    )
  }
  return findings
}
