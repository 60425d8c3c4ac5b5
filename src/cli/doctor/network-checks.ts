/** How the node stands among others: whether it hears anybody, whether it is heard, and who can read its key. */
import { ApiClient, findApi, type OperationResponse } from '../../api/index.ts'
import { formatDuration, NetminderError } from '../../base/index.ts'
import { type Config, dataPaths } from '../../config/index.ts'
import { holdsLock, storePaths } from '../../store/index.ts'
import { type Finding, fault, note } from './finding.ts'
import { checkKeyFile } from './key-file-check.ts'
import { type Knock, knockAt, placeOf, scopeOf } from './knock.ts'
import type { DoctorScene } from './places.ts'

type NetworkStatus = OperationResponse<'showNetworkStatus'>

const ANSWER_TIMEOUT_MS = 4_000
/** What others say is refused if it lies further ahead (design defense.md e.2). */
const SKEW_MS_MAX = 5 * 60_000
const SKEW_MS_LOW = 2 * 60_000
/** Of fewer peers it may be they whose clocks are wrong. */
const SURE_PEERS_MIN = 3

export interface NetworkFacts {
  readonly status: NetworkStatus
  /** At what the node listens on, from this machine. */
  readonly listen: readonly Knock[]
  /** At what it tells others to dial. */
  readonly announced: readonly Knock[]
  /** At the addresses of the invitations to the networks in which it is alone, by network. */
  readonly bootstrap: ReadonlyMap<string, readonly Knock[]>
}

export async function checkNetwork(
  scene: DoctorScene,
  signal: AbortSignal
): Promise<readonly Finding[]> {
  const { networkKey } = dataPaths(scene.dataDir)
  const status = await askStatus(scene, signal)
  const key = await checkKeyFile(networkKey)
  if (status === undefined) return [...key, ...judgeOff(scene.config)]
  if (status.networks.length === 0) return [...key, ...judgeStart(status)]
  return [...key, ...judgeNetwork(await inspect(status, scene, signal))]
}

/** No node answers of its networks. */
export function judgeOff(config: Pick<Config, 'network'> | undefined): Finding[] {
  if (config?.network.isEnabled !== false) return []
  return [
    note(
      'NETWORK_OFF',
      'networks are turned off (network.isEnabled = false): no warning of other operators arrives, and none is sent',
      'if that is not meant: isEnabled = true in [network] of netminder.toml, and restart the node'
    )
  ]
}

async function inspect(
  status: NetworkStatus,
  { config }: DoctorScene,
  signal: AbortSignal
): Promise<NetworkFacts> {
  const own = (config?.network.listen ?? []).map((address) =>
    address.replace(/^\/ip4\/0\.0\.0\.0\//, '/ip4/127.0.0.1/').replace(/^\/ip6\/::\//, '/ip6/::1/')
  )
  const alone = status.networks.filter(({ is_alone }) => is_alone)
  const [listen, announced, ...bootstrap] = await Promise.all([
    knockAt(own, signal),
    knockAt(
      status.addresses.filter((address) => scopeOf(address) === 'public'),
      signal
    ),
    ...alone.map(({ bootstrap: addresses }) => knockAt(addresses, signal))
  ])
  const knocks = new Map(alone.map(({ id }, i) => [id, bootstrap[i] ?? []]))
  return { status, listen, announced, bootstrap: knocks }
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

export function judgeNetwork(facts: NetworkFacts): readonly Finding[] {
  const { status, bootstrap } = facts
  return [
    ...status.networks.flatMap((network) => [
      ...judgeAdmission(network),
      ...judgeOne(network, bootstrap.get(network.id) ?? [])
    ]),
    ...judgeSharing(status),
    ...judgeKeyUse(status),
    ...judgeSkew(status),
    ...judgeBans(status),
    ...judgeAddresses(status.addresses),
    ...judgeAnswers(facts)
  ]
}

export function judgeStart({ problem }: Pick<NetworkStatus, 'problem'>): Finding[] {
  if (problem === null) return []
  return [
    fault(
      'NETWORK_NOT_RUNNING',
      `no warning arrives, and none is heard: ${problem}`,
      'see who holds the port: ss -ltnp; or take another in [network] of netminder.toml and restart the node; it is tried again every minute'
    )
  ]
}

function judgeSharing({ sharing }: NetworkStatus): Finding[] {
  const { unsaid_decisions: count, waits_because: why } = sharing
  if (count === 0 || why === null) return []
  return [
    note(
      'NETWORK_NOT_TOLD',
      `${count} of this node's decisions ${count === 1 ? 'is' : 'are'} not told to all other operators yet: ${why}`,
      'nothing is lost: they are told as soon as the others listen, see docs/LIMITS.md, "Networks"'
    )
  ]
}

function judgeKeyUse({ key_used_elsewhere_at: at }: NetworkStatus): Finding[] {
  if (at === null) return []
  return [
    fault(
      'NETWORK_KEY_USED_ELSEWHERE',
      `another node speaks under this node's key, last at ${at}: a clone of the machine, a backup that was put up twice, or a thief`,
      'stop one of the two before they contradict each other; if neither is yours to stop: docs/OPERATIONS.md, "A key that somebody else uses"'
    )
  ]
}

function judgeAdmission(network: NetworkStatus['networks'][number]): Finding[] {
  const { name, is_admitted, announce_problem: problem } = network
  if (problem !== null) {
    const effect = is_admitted
      ? 'others know it by what it said before'
      : 'nobody takes what it says'
    return [
      fault(
        'NETWORK_NOT_ANNOUNCED',
        `this node could not announce itself in "${name}": ${problem}; ${effect}`,
        'mend what it names; it is tried again every ten minutes, and when the node starts'
      )
    ]
  }
  if (is_admitted) return []
  return [
    fault(
      'NETWORK_NOT_ADMITTED',
      `nobody in "${name}" takes what this node says: its key is another than the one that was let in, or a founder has revoked it`,
      `put the key file of a backup back; else join anew, by a new invitation or by what a founder makes of "netminder network key": netminder network join LINE. A revoked key stays revoked: stop the node and remove network.key from its data directory first. That key is one for all networks of the node: each has to let it in anew, and in those that it founded nobody can invite any more`
    )
  ]
}

function judgeOne(
  network: NetworkStatus['networks'][number],
  knocks: readonly Knock[]
): readonly Finding[] {
  const { name, is_alone, is_eclipse_suspected } = network
  if (is_alone) return [judgeAlone(network, knocks)]
  if (!is_eclipse_suspected) return judgeMesh(network)
  return [
    ...judgeMesh(network),
    note(
      'NETWORK_ECLIPSE_SUSPECTED',
      `the nodes around this one in "${name}" go on holding what it cannot get of them, or lack what it tells them: they may keep it apart from the rest`,
      'dial others whom you know: let them send an invitation with their address; who is connected now: netminder network peers'
    )
  ]
}

function judgeAlone(
  { name, id, bootstrap }: NetworkStatus['networks'][number],
  knocks: readonly Knock[]
): Finding {
  const alone = `no other node of the network "${name}" is connected: no warning arrives, and none is heard`
  const failures = knocks.flatMap(({ address, failure }) =>
    failure === undefined ? [] : [`${address}: ${failure}`]
  )
  if (knocks.length > 0 && failures.length === knocks.length) {
    return note(
      'NETWORK_BOOTSTRAP_UNREACHABLE',
      `${alone}; none of the addresses of its invitation answers (${failures.slice(0, NAMED_MAX).join('; ')})`,
      'let those who sent it say whether their node runs and its port is open, and send a new invitation; then: netminder network join INVITATION'
    )
  }
  const hasAnswer = failures.length < knocks.length
  const seen = hasAnswer ? '; at an address of its invitation somebody listens' : ''
  return note(
    'NETWORK_ALONE',
    alone + seen,
    bootstrap.length === 0
      ? `invite others: netminder network invite ${id}`
      : 'ask those who sent the invitation whether their node is still in the network, and let them send a new one; then: netminder network join INVITATION'
  )
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

function judgeBans({ banned_peers: banned }: Pick<NetworkStatus, 'banned_peers'>): Finding[] {
  const why = [
    ...(banned.protocol > 0 ? [`${banned.protocol} for a broken protocol`] : []),
    ...(banned.flood > 0 ? [`${banned.flood} for a flood`] : []),
    ...(banned.gossip > 0 ? [`${banned.gossip} for gossip that no honest node passes on`] : [])
  ]
  if (why.length === 0) return []
  const count = banned.protocol + banned.flood + banned.gossip
  return [
    note(
      'NETWORK_PEERS_BANNED',
      `${count} ${count === 1 ? 'peer is' : 'peers are'} not spoken to for ten minutes: ${why.join(', ')}`,
      'if they are honest, see that this node and theirs have the right time and the same version; bans end by themselves'
    )
  ]
}

function judgeAddresses(addresses: readonly string[]): Finding[] {
  const wildcards = addresses.filter((address) => scopeOf(address) === 'wildcard')
  if (wildcards.length > 0) {
    return [
      fault(
        'NETWORK_ANNOUNCE_INVALID',
        `this node tells others to dial an address that nobody can dial: ${wildcards.join(', ')}`,
        ANNOUNCE
      )
    ]
  }
  if (addresses.some((address) => scopeOf(address) === 'public')) return []
  const got = addresses.length === 0 ? 'none' : addresses.slice(0, NAMED_MAX).join(', ')
  return [
    note(
      'NETWORK_UNREACHABLE',
      `other sites cannot dial this node: expected a public address, got ${got}`,
      `${ANNOUNCE}; behind NAT: hasNatTraversal = true`
    )
  ]
}

const ANNOUNCE =
  'announce = ["/dns4/NAME/tcp/11390"] in [network] of netminder.toml, with the port let through'

/** From this machine; whether a firewall lets others through, only others can try. */
function judgeAnswers({ listen, announced }: NetworkFacts): Finding[] {
  const deaf = listen.filter(({ failure }) => failure !== undefined)
  if (deaf.length > 0 && deaf.length === listen.length) {
    return [
      fault(
        'NETWORK_NOT_LISTENING',
        `nobody can connect to this node, not even this machine: ${listKnocks(deaf)}`,
        'see who holds the port: ss -ltnp; and what refuses it: nft list ruleset; then restart the node'
      )
    ]
  }
  return announced.flatMap((knock) => {
    if (knock.failure === undefined) return []
    return UNKNOWN_NAME.test(knock.failure)
      ? [
          fault(
            'NETWORK_NAME_UNKNOWN',
            `this node tells others to dial a name that has no address: ${listKnocks([knock])}`,
            ANNOUNCE
          )
        ]
      : [
          note(
            'NETWORK_ANNOUNCE_UNANSWERED',
            `nothing answers from here at what this node tells others to dial: ${listKnocks([knock])}`,
            `try from another site, for behind NAT that may be as usual: nc -zv ${hostAndPort(knock.address)}; if it fails there too, let the port through`
          )
        ]
  })
}

const UNKNOWN_NAME = /^(?:ENOTFOUND|EAI_NONAME|EAI_NODATA)$/
const NAMED_MAX = 4

function listKnocks(knocks: readonly Knock[]): string {
  return knocks
    .slice(0, NAMED_MAX)
    .map(({ address, failure }) => `${address} (${failure})`)
    .join(', ')
}

function hostAndPort(address: string): string {
  const place = placeOf(address)
  return place === undefined ? address : `${place.host} ${place.port}`
}
