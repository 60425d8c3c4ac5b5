/** A hash table of a network: it leads to peers, and holds nothing for anybody. */
import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { assert } from '../../base/index.ts'
import { protocolId } from '../../wire/index.ts'

/** Types of messages by which peers are found. */
const ANSWERED: readonly string[] = ['FIND_NODE', 'PING']

export async function startDht(network: Uint8Array, components: KadDHTComponents): Promise<KadDHT> {
  const name = protocolId(network, 'kad')
  const dht = kadDHT({
    protocol: name,
    clientMode: false,
    // An operator's network may well be private.
    peerInfoMapper: passthroughMapper,
    datastorePrefix: dhtPrefixOf(network),
    logPrefix: 'libp2p:kad'
  })(withoutMetrics(components))
  answerRoutingAlone(dht)
  // The interface hides that it is started and stopped like every service.
  await (dht as unknown as { start(): Promise<void> }).start()
  return dht
}

export async function stopDht(dht: KadDHT): Promise<void> {
  await (dht as unknown as { stop(): Promise<void> }).stop()
}

/** Under it stands what the table knows. */
export function dhtPrefixOf(network: Uint8Array): string {
  return `/dht${protocolId(network, 'kad')}`
}

/**
 * Who wants something kept or given that is no peer has his stream reset, or anybody could fill the disk. The library has no option
 * for it, but leaves its handlers in an object.
 */
function answerRoutingAlone(dht: KadDHT): void {
  const { handlers } = (dht as unknown as { rpc: { handlers: Record<string, unknown> } }).rpc
  assert(
    ANSWERED.every((type) => type in handlers),
    'expected handlers by type'
  )
  for (const type of Object.keys(handlers)) {
    if (!ANSWERED.includes(type)) delete handlers[type]
  }
}

/** Metrics of a table are named after it: every network would add its own for ever. */
function withoutMetrics(components: KadDHTComponents): KadDHTComponents {
  return new Proxy(components, {
    get: (target, name) => (name === 'metrics' ? undefined : Reflect.get(target, name)),
    has: (target, name) => name !== 'metrics' && Reflect.has(target, name)
  })
}
