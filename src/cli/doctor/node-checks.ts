/** The running node: whether it answers, and what it says of its own parts. */
import {
  ApiClient,
  ApiClientError,
  ApiError,
  findApi,
  type OperationResponse
} from '../../api/index.ts'
import { formatDuration, NetminderError } from '../../base/index.ts'
import { dataPaths } from '../../config/index.ts'
import { holdsLock, storePaths } from '../../store/index.ts'
import { isHeld } from './database-checks.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { DoctorScene } from './places.ts'
import type { ServiceAccount } from './service-account.ts'

type NodeStatus = OperationResponse<'showStatus'>

export interface NodeFacts {
  readonly dataDir: string
  /** Where it was looked for. */
  readonly place: string
  readonly health: 'ok' | { readonly code: string; readonly message: string }
  /** Undefined: it may not be asked by this user. */
  readonly status: NodeStatus | { readonly code: string; readonly message: string } | undefined
  readonly service: Pick<ServiceAccount, 'unit' | 'name'>
  /** A process holds the lock of the data directory. */
  readonly isLocked: boolean
  readonly nowMs: number
}

const ANSWER_TIMEOUT_MS = 4_000
/** A keyserver is asked something within this time: statistics by its peers and by us. */
const FIRST_LINE_MS = 20 * 60_000

export async function checkNode(
  scene: DoctorScene,
  signal: AbortSignal
): Promise<readonly Finding[]> {
  return judgeRunningNode(await inspectNode(scene, signal))
}

export async function inspectNode(scene: DoctorScene, signal: AbortSignal): Promise<NodeFacts> {
  const { config, dataDir, service, ports } = scene
  const paths = dataPaths(dataDir)
  const target = findApi({
    addressFile: paths.apiAddress,
    tokenFile: scene.tokenFile ?? paths.adminToken,
    isTokenNamed: scene.tokenFile !== undefined,
    isNode: (pid) => holdsLock(storePaths(dataDir).lock, pid),
    host: config?.api.host ?? '127.0.0.1',
    port: config?.api.port ?? 11_380,
    socketPath: config?.api.socketPath ?? ''
  })
  const { url, socketPath, refusal } = target
  const base = {
    dataDir,
    place: target.socketPath ?? target.url,
    service,
    isLocked: await isHeld(storePaths(dataDir).lock),
    nowMs: ports.clock.nowMs()
  }
  try {
    // Who listens is of interest, whoever it is: without a token.
    const anybody = new ApiClient({ url, socketPath, timeoutMs: ANSWER_TIMEOUT_MS })
    await anybody.call('checkHealth', {}, { signal })
  } catch (error) {
    return { ...base, health: described(error), status: undefined }
  }
  if (refusal !== undefined) {
    return { ...base, health: { code: 'API_UNREACHABLE', message: refusal }, status: undefined }
  }
  const client = new ApiClient({ ...target, timeoutMs: ANSWER_TIMEOUT_MS })
  try {
    return { ...base, health: 'ok', status: await client.call('showStatus', {}, { signal }) }
  } catch (error) {
    return { ...base, health: 'ok', status: described(error) }
  }
}

function described(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof ApiError || error instanceof ApiClientError) return error
  if (error instanceof NetminderError) return error
  throw error
}

export function judgeRunningNode(facts: NodeFacts): readonly Finding[] {
  const { health, status, dataDir, place, service } = facts
  const start =
    service.unit === undefined
      ? `netminder start --data-dir ${shellWord(dataDir)}`
      : 'systemctl start netminder.service (and why it ended: journalctl -u netminder.service -n 50 --no-pager)'
  if (health !== 'ok') {
    if (facts.isLocked) {
      return [
        fault(
          'NODE_UNANSWERED',
          `a node runs in ${dataDir} and its API does not answer at ${place}: ${health.message}`,
          'wait if it has just been started; else see what it says: journalctl -u netminder.service -n 50 --no-pager'
        )
      ]
    }
    return [
      health.code === 'API_UNREACHABLE'
        ? fault('NODE_NOT_RUNNING', `no node runs: nothing answers at ${place}`, start)
        : fault(
            'NODE_UNANSWERED',
            `something is wrong with the API at ${place}: ${health.message}`,
            'see who listens there: ss -ltnxp; another program on the port needs another one: port in [api] of netminder.toml'
          )
    ]
  }
  if (status === undefined) return []
  if (!('components' in status)) {
    return [
      fault(
        status.code,
        `the node at ${place} runs and does not tell how it is: ${status.message}`,
        `ask as its user: sudo -u ${service.name || 'netminder'} netminder doctor --data-dir ${shellWord(dataDir)}`
      )
    ]
  }
  return judgeStatus(status, facts.nowMs)
}

function judgeStatus(status: NodeStatus, nowMs: number): readonly Finding[] {
  const findings: Finding[] = []
  const upMs = nowMs - Date.parse(status.started_at)
  for (const { name, state, detail } of status.components) {
    // What is wrong with a network is told by the check of networks, with what can be done.
    if (name.startsWith('network ')) continue
    if (state === 'failed') {
      findings.push(
        fault(
          'NODE_NOT_READY',
          `the node cannot do its work (/readyz answers 503), it says of its ${name}: ${detail}`,
          'mend what it names; the node goes on by itself: netminder status'
        )
      )
    } else if (state === 'degraded') {
      findings.push(
        fault(
          'NODE_DEGRADED',
          `the node works in part, it says of its ${name}: ${detail}`,
          'mend what it names; the node goes on by itself: netminder status'
        )
      )
    } else if (detail === '0 lines read' && upMs > FIRST_LINE_MS) {
      findings.push(
        note(
          'NOTHING_READ',
          `the node has read no line from its ${name} since it started ${formatDuration(upMs)} ago`,
          'let the keyserver be asked, and see whether a line appears: curl -s "http://127.0.0.1:11371/pks/lookup?op=stats" >/dev/null; netminder status'
        )
      )
    }
  }
  return findings
}
