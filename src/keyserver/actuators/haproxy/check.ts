/** What is wrong with the set-up at HAProxy, and its cure: for `doctor`. */
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../../base/index.ts'
import type { KeyserverErrorCode } from '../../errors.ts'
import type { ActuatorProblem } from '../actuator.ts'
import { checkListFile } from '../list-file.ts'
import type { HaproxyActuatorOptions } from './haproxy-options.ts'
import type { HaproxyRuntime } from './haproxy-runtime.ts'

const OLDEST = [2, 4] as const

const CURES: Partial<Record<KeyserverErrorCode, string>> = {
  HAPROXY_TIMED_OUT: 'see whether HAProxy is overloaded, or raise commandTimeoutMs',
  HAPROXY_ANSWER_INVALID:
    'check that socket names the admin socket of HAProxy and no other program',
  HAPROXY_SETUP_MISSING:
    'let HAProxy read this list ("acl blacklisted src -f …") and have this table, or name those that it has in listPathInProxy and throttleTable'
}

export async function checkHaproxy(
  options: HaproxyActuatorOptions,
  runtime: HaproxyRuntime | undefined,
  signal: AbortSignal
): Promise<readonly ActuatorProblem[]> {
  const problems: ActuatorProblem[] = []
  if (options.listPath !== undefined) {
    problems.push(...(await checkListFile(options.name, options.listPath)))
  }
  if (runtime === undefined) {
    problems.push(...checkBehindProxy(options))
    problems.push({
      code: 'NO_SOCKET',
      message: `${options.name}: without an admin socket a ban counts only from HAProxy's next reload`,
      cure: 'set socket to HAProxy’s admin socket'
    })
    return problems
  }
  problems.push(...checkBehindProxy(options), ...checkTable(options))
  problems.push(...(await checkSocketMode(options)))
  for (const part of [checkVersion, checkLevel, checkListeners, checkSetup]) {
    try {
      problems.push(...(await part(options, runtime, signal)))
    } catch (error) {
      problems.push(problemOf(options, error))
      // What comes after would only say the same again.
      break
    }
  }
  return problems
}

/** The list is compared with the TCP peer, and that is the proxy in front: what is left is the table, for single addresses. */
function checkBehindProxy(options: HaproxyActuatorOptions): ActuatorProblem[] {
  const { name, isBehindProxy, socket, throttleTable } = options
  if (!isBehindProxy) return []
  if (socket === undefined || throttleTable === undefined) {
    return [
      {
        code: 'BEHIND_PROXY_NO_TABLE',
        message: `${name}: HAProxy stands behind another proxy (behindProxy), with which its list is compared, and no table is named that goes by the client: nobody can be refused`,
        cure: 'set socket, and throttleTable = "st_info_crawler" as in the stock configuration'
      }
    ]
  }
  return [
    {
      code: 'BEHIND_PROXY',
      message: `${name}: HAProxy stands behind another proxy (behindProxy): bans go into the table ${throttleTable} and answer 429, nothing is put on the list; prefixes, and so IPv6 clients, cannot be refused here`,
      cure: 'nothing to do if that is so (docs/LIMITS.md); block prefixes and IPv6 clients at the proxy in front, from: netminder blocklist export --held ban'
    }
  ]
}

function checkTable({ name, isBehindProxy, throttleTable }: HaproxyActuatorOptions) {
  if (isBehindProxy || throttleTable !== undefined) return []
  return [
    {
      code: 'NO_TABLE',
      message: `${name}: without a table nobody can be throttled, and a ban of an address refuses new connections only: one that is open goes on until it closes`,
      cure: 'set throttleTable = "st_info_crawler" if HAProxy has that table and its rule, as in the stock configuration'
    }
  ]
}

function problemOf({ name, socket }: HaproxyActuatorOptions, error: unknown): ActuatorProblem {
  const { code = 'HAPROXY_UNREACHABLE', context = {} } = error as {
    code?: KeyserverErrorCode
    context?: Readonly<Record<string, unknown>>
  }
  const isDenied = ['EACCES', 'EPERM'].includes(String(context['systemCode']))
  const cure = isDenied
    ? `give the user of netminder write access to ${socket}: its group, or an ACL (install.sh --admin-socket ${socket})`
    : (CURES[code] ?? 'start HAProxy, and check the path of the socket')
  return { code, message: `${name}: ${messageOf(error)}`, cure }
}

/** Whoever writes to the admin socket commands HAProxy. */
async function checkSocketMode({
  name,
  socket = ''
}: HaproxyActuatorOptions): Promise<ActuatorProblem[]> {
  if (!socket.startsWith('/')) return []
  const mode = await modeOf(socket)
  if ((mode & 0o002) === 0) return []
  // A folder that others may not pass through protects what lies in it.
  for (let path = dirname(socket); path !== '/'; path = dirname(path)) {
    if (((await modeOf(path)) & 0o001) === 0) return []
  }
  return [
    {
      code: 'SOCKET_WORLD_WRITABLE',
      message: `${name}: every user of this machine may command HAProxy through ${socket}`,
      cure: 'set "mode 660" in its "stats socket" line'
    }
  ]
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode
  } catch {
    return 0
  }
}

type Check = (
  options: HaproxyActuatorOptions,
  runtime: HaproxyRuntime,
  signal: AbortSignal
) => Promise<ActuatorProblem[]>

const checkVersion: Check = async ({ name }, runtime, signal) => {
  const version = (await runtime.info(signal)).get('Version') ?? 'no version'
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return []
  return [
    {
      code: 'HAPROXY_TOO_OLD',
      message: `${name}: expected HAProxy ${OLDEST.join('.')} or later, got ${version}`,
      cure: 'upgrade HAProxy: older ones cannot replace a list in one step'
    }
  ]
}

const checkLevel: Check = async ({ name, socket }, runtime, signal) => {
  const level = (await runtime.run('show cli level', signal)).trim()
  if (level !== 'user') return []
  return [
    {
      code: 'SOCKET_LEVEL',
      message: `${name}: ${socket} only lets its users look, not change anything`,
      cure: 'set "level admin" in its "stats socket" line'
    }
  ]
}

/** `unix@/path admin all`, `ipv4@0.0.0.0:1396 admin all`, `ipv6@[::]:1396 admin all` a line. */
const checkListeners: Check = async ({ name }, runtime, signal) => {
  const sockets = await runtime.run('show cli sockets', signal)
  return sockets.split('\n').flatMap((line) => {
    const [address = '', level = ''] = line.split(/\s+/)
    const isOpen = /^(?:ipv[46]@)?(?:0\.0\.0\.0|\*|\[?::\]?):\d+$/.test(address)
    if (!isOpen || level !== 'admin') return []
    return [
      {
        code: 'ADMIN_SOCKET_OPEN',
        message: `${name}: HAProxy's admin socket listens on ${address}, without a password`,
        cure: 'bind it to 127.0.0.1, or make sure that a firewall or the container network closes it (the stock standalone publishes it on 127.0.0.1:1396 only)'
      }
    ]
  })
}

/** The list and the table are there; what is missing is told by the error. */
const checkSetup: Check = async (_, runtime, signal) => {
  await runtime.held(signal)
  return []
}
