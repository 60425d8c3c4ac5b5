/** How the node stands among others: whether it hears anybody, whether it is heard, and who can read its key. */
import { stat } from 'node:fs/promises'
import { ApiClient, findApi, type OperationResponse } from '../../api/index.ts'
import { formatDuration, NetminderError } from '../../base/index.ts'
import { dataPaths } from '../../config/index.ts'
import { holdsLock, storePaths } from '../../store/index.ts'
import { type Finding, fault, note, shellWord } from './finding.ts'
import type { DoctorScene } from './places.ts'

type NetworkStatus = OperationResponse<'showNetworkStatus'>

const ANSWER_TIMEOUT_MS = 4_000
/** What others say is refused if it lies further ahead (design defense.md e.2). */
const SKEW_MS_MAX = 5 * 60_000
const SKEW_MS_LOW = 2 * 60_000
/** Of fewer peers it may be they whose clocks are wrong. */
const SURE_PEERS_MIN = 3
/** The group may read (an operator can let his administrators in that way); nobody else may do anything. */
const FORBIDDEN_BITS = 0o027

export async function checkNetwork(
  scene: DoctorScene,
  signal: AbortSignal
): Promise<readonly Finding[]> {
  const { networkKey } = dataPaths(scene.dataDir)
  const mode = await stat(networkKey).then(
    (stats) => stats.mode & 0o777,
    () => undefined
  )
  const status = await askStatus(scene, signal)
  return [...judgeKeyMode(networkKey, mode), ...(status === undefined ? [] : judgeNetwork(status))]
}

/** Undefined: no node answers, which is a finding of another check, or its networks are turned off. */
async function askStatus(
  scene: DoctorScene,
  signal: AbortSignal
): Promise<NetworkStatus | undefined> {
  const { config, dataDir } = scene
  const paths = dataPaths(dataDir)
  const target = findApi({
    addressFile: paths.apiAddress,
    isNode: (pid) => holdsLock(storePaths(dataDir).lock, pid),
    tokenFile: scene.tokenFile ?? paths.adminToken,
    host: config?.api.host ?? '127.0.0.1',
    port: config?.api.port ?? 11_380,
    socketPath: config?.api.socketPath ?? ''
  })
  try {
    const client = new ApiClient({ ...target, timeoutMs: ANSWER_TIMEOUT_MS })
    return await client.call('showNetworkStatus', {}, { signal })
  } catch (error) {
    if (error instanceof NetminderError) return undefined
    throw error
  }
}

export function judgeKeyMode(file: string, mode: number | undefined): readonly Finding[] {
  if (mode === undefined || (mode & FORBIDDEN_BITS) === 0) return []
  return [
    fault(
      'NETWORK_KEY_EXPOSED',
      `others can read the key under which this node speaks: ${file} has mode 0${mode.toString(8)}, and the node does not start with it`,
      `chmod 600 ${shellWord(file)}`
    )
  ]
}

export function judgeNetwork(status: NetworkStatus): readonly Finding[] {
  if (status.networks.length === 0) return []
  return [
    ...status.networks.flatMap(judgeOne),
    ...judgeSkew(status),
    ...judgeAddresses(status.addresses)
  ]
}

function judgeOne(network: NetworkStatus['networks'][number]): Finding[] {
  const { name, id, is_alone, is_eclipse_suspected } = network
  const around = is_eclipse_suspected
    ? [
        note(
          'NETWORK_ECLIPSE_SUSPECTED',
          `the nodes around this one in "${name}" go on holding what it cannot get of them, or lack what it tells them: they may keep it apart from the rest`,
          'dial others whom you know: let them send an invitation with their address; who is connected now: netminder network peers'
        )
      ]
    : []
  if (!is_alone) return [...judgeMesh(network), ...around]
  return [
    note(
      'NETWORK_ALONE',
      `no other node of the network "${name}" is connected: no warning arrives, and none is heard`,
      `if others are in it: let a new invitation be sent and join again; else invite them: netminder network invite ${id}`
    )
  ]
}

function judgeMesh({ name, mesh, mesh_wanted }: NetworkStatus['networks'][number]): Finding[] {
  const sizeOf = (topic: string) => mesh[topic] ?? 0
  const missing = Object.entries(mesh_wanted).filter(([topic, wanted]) => sizeOf(topic) < wanted)
  if (missing.length === 0) return []
  const sizes = missing.map(([topic, wanted]) => `${sizeOf(topic)} of ${wanted} on ${topic}`)
  const isUnheard = missing.some(([topic]) => sizeOf(topic) === 0)
  return [
    note(
      isUnheard ? 'NETWORK_NO_MESH' : 'NETWORK_THIN_MESH',
      `${isUnheard ? 'nobody passes' : 'fewer than wanted pass'} on what this node says in "${name}" (mesh: ${sizes.join(', ')}); for a minute after the start that is as usual`,
      'netminder network peers shows who is connected and how he is scored'
    )
  ]
}

function judgeSkew({
  clock_skew_ms: skewMs,
  clock_peers: peers
}: Pick<NetworkStatus, 'clock_skew_ms' | 'clock_peers'>): Finding[] {
  if (skewMs === null || Math.abs(skewMs) < SKEW_MS_LOW) return []
  const length = formatDuration(Math.abs(skewMs))
  const doubt = peers < SURE_PEERS_MIN ? ', too few to know whose clock is wrong' : ''
  const message = `the clock of this node is ${length} ${skewMs > 0 ? 'ahead of' : 'behind'} those of the others (by ${peers} ${peers === 1 ? 'node' : 'nodes'}${doubt})`
  const cure = 'timedatectl set-ntp true'
  if (Math.abs(skewMs) < SKEW_MS_MAX) return [note('NETWORK_CLOCK_SKEW', message, cure)]
  const effect =
    skewMs > 0 ? 'what this node says is refused' : 'what they say is refused by this node'
  return [fault('NETWORK_CLOCK_SKEW', `${message}: ${effect}`, cure)]
}

const NOT_REACHABLE =
  /^\/(?:ip4\/(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.)|ip6\/(?:::1\/|f[cd]|fe80))/

function judgeAddresses(addresses: readonly string[]): Finding[] {
  if (addresses.some((address) => !NOT_REACHABLE.test(address))) return []
  const got = addresses.length === 0 ? 'none' : addresses.join(', ')
  return [
    note(
      'NETWORK_UNREACHABLE',
      `other sites cannot dial this node: expected a public address, got ${got}`,
      'announce = ["/dns4/NAME/tcp/11390"] in [network] of netminder.toml, with the port let through; behind NAT see "Behind NAT" in docs/OPERATIONS.md'
    )
  ]
}
