/**
 * A peer of bare libp2p and gossipsub that keeps to no rule: it is in no network unless it lets itself in, checks nothing, says what
 * bytes it likes on every topic and stream, and answers as the test wants.
 */
import { randomBytes } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { SystemClock } from '../../src/base/index.ts'
import { type Identity, identityFromSeed } from '../../src/network/host/identity.ts'
import { varint } from '../../src/wire/bytes.ts'
import {
  type Admission,
  admitByInvitation,
  type EventBody,
  findNetworkId,
  gossipMessageId,
  type Protocol,
  parseInvitation,
  protocolId,
  type SignedNetworkEvent,
  sealEvent,
  sha256,
  TOPICS,
  type Topic,
  topicName
} from '../../src/wire/index.ts'
import type { TestNode } from './network-node.ts'

const HOUR_MS = 3_600_000

type Services = { readonly pubsub: GossipSub }
type Times = Partial<{ readonly seq: bigint; readonly tsMs: number; readonly expMs: number }>

export class HostilePeer {
  readonly node: Libp2p<Services>
  readonly network: Uint8Array
  readonly #identity: Identity
  #seq = BigInt(new SystemClock().nowMs())

  private constructor(node: Libp2p<Services>, network: Uint8Array, identity: Identity) {
    this.node = node
    this.network = network
    this.#identity = identity
  }

  /** Connected to nobody, and subscribed to every topic of the network. */
  static async start(network: string): Promise<HostilePeer> {
    const id = findNetworkId(network)
    if (id === undefined) throw new Error(`expected the id of a network, got ${network}`)
    const identity = await identityFromSeed(new Uint8Array(randomBytes(32)))
    const node = await createLibp2p({
      privateKey: identity.privateKey,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        identify: identify(),
        pubsub: gossipsub({
          globalSignaturePolicy: StrictNoSign,
          msgIdFn: ({ topic, data }) => gossipMessageId(topic, sha256(data)),
          floodPublish: true,
          allowPublishToZeroTopicPeers: true,
          ignoreDuplicatePublishError: true
        })
      }
    })
    for (const topic of TOPICS) node.services.pubsub.subscribe(topicName(id, topic))
    return new HostilePeer(node, id, identity)
  }

  get peerId(): string {
    return this.node.peerId.toString()
  }

  get author(): Uint8Array {
    return this.#identity.signer.publicKey
  }

  async stop(): Promise<void> {
    await this.node.stop()
  }

  async dial(target: TestNode): Promise<void> {
    await this.node.dial(multiaddr(addressOf(target)))
  }

  /** Dials and waits until each hears what the other says on every topic. */
  async meet(target: TestNode): Promise<void> {
    await this.dial(target)
    const { peerId } = target.node.status()
    const clock = new SystemClock()
    const startMs = clock.monotonicMs()
    while (!TOPICS.every((topic) => this.#hears(peerId, topic))) {
      if (clock.monotonicMs() - startMs > 15_000) throw new Error('expected a peer that listens')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** By the invitation, as any newcomer would. */
  async announce(invitation: string): Promise<SignedNetworkEvent> {
    const nowMs = new SystemClock().nowMs()
    const { network, author } = this
    const admission = admitByInvitation({ network, author, nowMs }, parseInvitation(invitation))
    const event = this.seal(announceOf(admission))
    await this.gossip('ctl', event.bytes)
    return event
  }

  /** A well-formed event under its own key. */
  seal(body: EventBody, times: Times = {}, network = this.network): SignedNetworkEvent {
    this.#seq += 1n
    const tsMs = times.tsMs ?? new SystemClock().nowMs()
    const { seq = this.#seq, expMs = tsMs + HOUR_MS } = times
    return sealEvent({ network, seq, tsMs, expMs, body }, this.#identity.signer)
  }

  /** Distinct events that are all well signed. */
  many(count: number, body: EventBody): readonly Uint8Array[] {
    return Array.from({ length: count }, () => this.seal(body).bytes)
  }

  async gossip(topic: Topic, bytes: Uint8Array): Promise<void> {
    await this.node.services.pubsub.publish(topicName(this.network, topic), bytes)
  }

  async open(target: TestNode, protocol: Protocol | '/meshsub/1.2.0'): Promise<Stream> {
    const name = protocol.startsWith('/') ? protocol : this.nameOf(protocol as Protocol)
    return await this.node.dialProtocol(multiaddr(addressOf(target)), name)
  }

  /** Past its own gossipsub, which says nothing twice: a stream on which it says anything as often as it likes. */
  async openGossip(target: TestNode): Promise<(topic: Topic, data: Uint8Array) => Promise<void>> {
    const stream = await this.open(target, '/meshsub/1.2.0')
    return async (topic, data) => {
      const message = [field(2, data), field(4, Buffer.from(topicName(this.network, topic)))]
      const rpc = field(2, Buffer.concat(message))
      const isTaken = stream.send(Buffer.concat([varint(rpc.length), rpc]))
      if (!isTaken) await stream.onDrain()
    }
  }

  /** Whatever happens to the stream is of no account. */
  async answer(protocol: Protocol, answer: (stream: Stream) => Promise<void>): Promise<void> {
    await this.node.handle(this.nameOf(protocol), (stream) => {
      void answer(stream).catch(() => undefined)
    })
  }

  idOf(target: TestNode): PeerId {
    return peerIdFromString(target.node.status().peerId)
  }

  nameOf(protocol: Protocol): string {
    return protocolId(this.network, protocol)
  }

  #hears(peerId: string, topic: Topic): boolean {
    const subscribers = this.node.services.pubsub.getSubscribers(topicName(this.network, topic))
    return subscribers.some((peer) => peer.toString() === peerId)
  }
}

export function addressOf(target: TestNode): string {
  const [address] = target.node.status().addresses
  if (address === undefined) throw new Error('expected a node that listens')
  return address
}

/**
 * One message of so many bytes, as fast as the other side reads.
 *
 * @returns how many of them it took before it ended the stream
 */
export async function pour(stream: Stream, length: number): Promise<number> {
  const chunk = Buffer.alloc(16_384, 1)
  let sent = 0
  try {
    stream.send(varint(length))
    while (sent < length && stream.status === 'open') {
      if (!stream.send(chunk)) await stream.onDrain({ signal: AbortSignal.timeout(10_000) })
      sent += chunk.length
    }
  } catch {
    // It has had enough.
  }
  return sent
}

/** Length-delimited, as protobuf writes it. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(number * 8 + 2), varint(bytes.length), bytes])
}

function announceOf(admission: Admission): EventBody {
  return { kind: 'node-announce', name: '', agent: '', addresses: [], admission, isLeaving: false }
}
