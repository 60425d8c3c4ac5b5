/** What is wrong with the set-up at HAProxy, and its cure: for `doctor`. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../../../base/index.ts'
import type { ActuatorProblem } from '../actuator.ts'
import { isWritableDirectory } from '../list-file.ts'
import type { HaproxyActuatorOptions } from './haproxy-options.ts'
import type { HaproxyRuntime } from './haproxy-runtime.ts'

const OLDEST = [2, 4] as const

export async function checkHaproxy(
  options: HaproxyActuatorOptions,
  runtime: HaproxyRuntime | undefined,
  signal: AbortSignal
): Promise<readonly ActuatorProblem[]> {
  const problems: ActuatorProblem[] = []
  if (options.listPath !== undefined && !(await isWritableDirectory(dirname(options.listPath)))) {
    problems.push({
      code: 'LIST_UNWRITABLE',
      message: `${options.name}: the directory of ${options.listPath} cannot be written`,
      cure: 'install with --haproxy-lists DIR, or give the user of netminder write access to that directory'
    })
  }
  if (runtime === undefined) {
    problems.push({
      code: 'NO_SOCKET',
      message: `${options.name}: without an admin socket a ban counts only from HAProxy's next reload`,
      cure: 'set socket to HAProxy’s admin socket'
    })
    return problems
  }
  problems.push(...checkSocketMode(options))
  try {
    problems.push(...(await checkRunning(options, runtime, signal)))
  } catch (error) {
    problems.push({
      code: (error as { code?: string }).code ?? 'HAPROXY_UNREACHABLE',
      message: `${options.name}: ${messageOf(error)}`,
      cure: 'start HAProxy, check the path of the socket, and that the user of netminder may write to it'
    })
  }
  return problems
}

/** Whoever writes to the admin socket commands HAProxy. */
function checkSocketMode(options: HaproxyActuatorOptions): ActuatorProblem[] {
  const path = options.socket ?? ''
  if (!path.startsWith('/')) return []
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  if ((mode & 0o002) === 0) return []
  return [
    {
      code: 'SOCKET_WORLD_WRITABLE',
      message: `${options.name}: every user of this machine may command HAProxy through ${path}`,
      cure: 'set "mode 660" in its "stats socket" line'
    }
  ]
}

async function checkRunning(
  options: HaproxyActuatorOptions,
  runtime: HaproxyRuntime,
  signal: AbortSignal
): Promise<ActuatorProblem[]> {
  const problems: ActuatorProblem[] = []
  const version = (await runtime.info(signal)).get('Version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    problems.push({
      code: 'HAPROXY_TOO_OLD',
      message: `${options.name}: expected HAProxy ${OLDEST.join('.')} or later, got ${version}`,
      cure: 'upgrade HAProxy: older ones cannot replace a list in one step'
    })
  }
  const sockets = await runtime.run('show cli sockets', signal)
  for (const line of sockets.split('\n')) {
    const [address = '', level = ''] = line.split(/\s+/)
    if (/^(?:ipv4@)?0\.0\.0\.0:|^(?:ipv6@)?(?:\[::\]|::):/.test(address) && level === 'admin') {
      problems.push({
        code: 'ADMIN_SOCKET_OPEN',
        message: `${options.name}: HAProxy's admin socket listens on ${address}, without a password`,
        cure: 'bind it to 127.0.0.1, or make sure that a firewall or the container network closes it (the stock standalone publishes it on 127.0.0.1:1396 only)'
      })
    }
  }
  // These throw with the cure in their message.
  await runtime.read(signal)
  return problems
}
