/** Builds what speaks to other nodes: the networks over the store, what is told of decisions, and what people may ask. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type Clock, getPrefix } from '../base/index.ts'
import { type Config, dataPaths, programVersion } from '../config/index.ts'
import {
  type GuardApi,
  ListPublisher,
  NetworkDesk,
  type ProtectedFactsPort,
  ShareService
} from '../defense/index.ts'
import type {
  JoinedNetwork,
  NetworkLog,
  NetworkNodeOptions,
  NetworkNodePorts,
  NetworkService,
  NetworkSummary
} from '../network/index.ts'
import { OwnSequence, readOrCreateSecret, readSecret } from '../store/index.ts'
import type { Logger, MetricsRegister, PrometheusRegister } from '../telemetry/index.ts'
import { decodeNetwork, networkIdText, nodeNameOfHost, signerFromSeed } from '../wire/index.ts'
import { actuatorProtection } from './actuator-protection.ts'
import {
  countNetwork,
  declareNetworkMetrics,
  declareSharingMetrics,
  measureNetwork
} from './metrics.ts'
import { OnDemandNetwork } from './on-demand-network.ts'
import type { Repositories } from './repositories.ts'

interface Options {
  readonly dataDir: string
  readonly config: Config
}

interface Ports {
  readonly store: Repositories
  readonly facts: Pick<ProtectedFactsPort, 'current'>
  readonly guard: GuardApi
  readonly declared: MetricsRegister
  /** Takes libp2p's own metrics; undefined where metrics are off. */
  readonly register?: PrometheusRegister | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Undefined where networks are turned off. @throws {SECRET_FILE_UNUSABLE} */
export function createNetwork(
  { dataDir, config }: Options,
  {
    store,
    declared,
    register,
    clock,
    logger
  }: Pick<Ports, 'store' | 'declared' | 'register' | 'clock' | 'logger'>
): OnDemandNetwork | undefined {
  const { network, node, detection } = config
  if (!network.isEnabled) return undefined
  const paths = dataPaths(dataDir)
  const log = logger.child({ component: 'network' })
  const { events, authors, networks, peerValues } = store
  const sequence = new OwnSequence(
    {
      file: paths.networkSequence,
      highestKept: (id) => events.highestSeq(id, ownKey(paths.networkKey))
    },
    clock
  )
  const options: NetworkNodeOptions = {
    name: node.name || nodeNameOfHost(hostname()),
    agent: `netminder/${programVersion()}`,
    listen: network.listen,
    announce: network.announce,
    localRanges: network.localRanges.map(getPrefix),
    hasNatTraversal: network.hasNatTraversal,
    treatAsPublic: detection.treatAsPublic.map(getPrefix)
  }
  const metrics = declareNetworkMetrics(declared)
  const ports: NetworkNodePorts = {
    ...countNetwork(metrics),
    clock,
    log: networkLog(log, config.log.level === 'debug'),
    random: { next: () => randomBytes(4).readUInt32BE() / 2 ** 32 },
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    keyFile: {
      path: paths.networkKey,
      readOrCreate: (makeText) => readOrCreateSecret(paths.networkKey, makeText).text
    },
    ...(register && { registry: register.foreign }),
    ...{ events, authors, networks, peerValues, sequence }
  }
  const load = async () => {
    const { NetworkNode } = await import('../network/index.ts')
    return new NetworkNode(options, ports)
  }
  const onDemand = new OnDemandNetwork({
    ...{ load, clock, logger: log },
    hasNetworks: () => networks.list().length > 0,
    kept: () => networks.list().map((record) => keptSummary(record, paths.networkKey))
  })
  measureNetwork(onDemand, metrics, { register: declared, clock })
  return onDemand
}

/** Of a network that does not run. */
function keptSummary(record: JoinedNetwork, keyFile: string): NetworkSummary {
  const { name, policy, founders } = decodeNetwork(record.document)
  return {
    ...{ id: networkIdText(record.id), name, policy, joinedAtMs: record.joinedAtMs },
    isFounder: founders.some((key) => isOwnKey(key, keyFile)),
    ...{ peers: 0, isAlone: true }
  }
}

function isOwnKey(key: Uint8Array, keyFile: string): boolean {
  try {
    return Buffer.compare(key, ownKey(keyFile)) === 0
  } catch {
    // A key that cannot be read may be why the network does not run.
    return false
  }
}

/** The key is there: numbers are taken for events that it signs. */
function ownKey(file: string): Uint8Array {
  return signerFromSeed(new Uint8Array(Buffer.from(readSecret(file), 'hex'))).publicKey
}

function networkLog(log: Logger, isDebug: boolean): NetworkLog {
  return {
    error: (fields, message) => log.error(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    info: (fields, message) => log.info(fields, message),
    debug: (fields, message) => log.debug(fields, message),
    isEnabled: () => isDebug
  }
}

export function createSharing(
  { config }: Options,
  ports: Ports & { readonly network: NetworkService }
): { readonly desk: NetworkDesk; readonly share: ShareService; readonly lists: ListPublisher } {
  const { store, facts, guard, network, declared, clock, logger } = ports
  const { treatAsPublic } = config.detection
  const findProtection = actuatorProtection(treatAsPublic, {
    facts,
    allowlist: store.allowlist,
    clock
  })
  const share = new ShareService(
    {
      treatAsPublic,
      policy: {
        isEnabled: config.network.shareDecisions,
        categories: config.network.shareCategories,
        typeMin: config.network.shareTypeMin,
        precision: config.network.sharePrecision,
        includesShadow: config.network.shareShadow
      }
    },
    {
      ...{ guard, network, clock, logger: logger.child({ component: 'sharing' }) },
      isProtected: (prefix) => findProtection(prefix) !== undefined,
      ...{ told: store.told, decisions: store.decisions },
      metrics: declareSharingMetrics(declared)
    }
  )
  const log = logger.child({ component: 'sharing' })
  const lists = new ListPublisher(
    { treatAsPublic },
    { ...{ guard, network, findProtection, clock, lists: store.publishedLists }, logger: log }
  )
  const desk = new NetworkDesk(
    { treatAsPublic },
    {
      ...{ network, findProtection, lists, clock, sharing: share },
      audit: store.audit,
      logger: log
    }
  )
  return { desk, share, lists }
}
