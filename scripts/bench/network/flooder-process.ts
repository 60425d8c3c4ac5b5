/**
 * Hostile peers of bare libp2p, each connected to every victim, that write RPCs of 64 messages past their own gossipsub, as fast
 * as the other side reads: each in its way.
 */
import { createPrivateKey, randomBytes, sign } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { SystemClock } from '../../../src/base/index.ts'
import {
  admitByInvitation,
  findNetworkId,
  gossipMessageId,
  parseInvitation,
  type Signer,
  sealEvent,
  sha256,
  signerFromSeed,
  TOPICS,
  topicName
} from '../../../src/wire/index.ts'
import { MANNERS, type Manner } from './flooder-names.ts'
import { answer } from './process-link.ts'
import { alertBody } from './signed-events.ts'

const HOUR_MS = 3_600_000
/** What one RPC may hold; a victim that gets more reads none of them. */
const MESSAGES = 64
/** Signed before the flood begins, since to sign takes longer than to send. Afterwards they come again: as copies. */
const SIGNED = 64_000
/** RFC 8410: what stands before the 32 bytes of a private key in DER. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const GOSSIP = '/meshsub/1.2.0'

interface Flooder {
  readonly manner: Manner
  readonly node: Libp2p<{ readonly pubsub: GossipSub }>
  readonly signer: Signer
}

const clock = new SystemClock()
const flooders: Flooder[] = []
let network: Uint8Array = new Uint8Array()
let victims: readonly string[] = []
let pool: Uint8Array[] = []
let isOver = false
const sent = new Map<Manner, number>()

async function startFlooder(manner: Manner): Promise<Flooder> {
  const seed = new Uint8Array(randomBytes(32))
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        msgIdFn: ({ topic, data }) => gossipMessageId(topic, sha256(data)),
        floodPublish: true,
        allowPublishToZeroTopicPeers: true
      })
    }
  })
  for (const topic of TOPICS) node.services.pubsub.subscribe(topicName(network, topic))
  return { manner, node, signer: fastSigner(seed) }
}

/** The same signatures as everybody's, thirty times as fast. */
function fastSigner(seed: Uint8Array): Signer {
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { publicKey } = signerFromSeed(seed)
  return { publicKey, sign: (data) => new Uint8Array(sign(null, data, key)) }
}

async function announce({ node, signer }: Flooder, invitation: string): Promise<void> {
  const nowMs = clock.nowMs()
  const subject = { network, author: signer.publicKey, nowMs }
  const admission = admitByInvitation(subject, parseInvitation(invitation))
  const body = { name: '', agent: '', addresses: [], admission, isLeaving: false }
  const event = sealEvent(
    {
      ...{ network, seq: 1n, tsMs: nowMs, expMs: nowMs + HOUR_MS },
      body: { kind: 'node-announce', ...body }
    },
    signer
  )
  await node.services.pubsub.publish(topicName(network, 'ctl'), event.bytes)
}

function sealMany(signer: Signer): Uint8Array[] {
  const tsMs = clock.nowMs()
  const body = alertBody(0)
  return Array.from(
    { length: SIGNED },
    (_, i) =>
      sealEvent({ network, seq: BigInt(i + 2), tsMs, expMs: tsMs + HOUR_MS, body }, signer).bytes
  )
}

/** The next message in its manner. */
function messageOf(manner: Manner, number: number): Uint8Array {
  const event = pool[number % pool.length] ?? new Uint8Array()
  if (manner === 'over-quota') return event
  if (manner === 'copies') return pool[0] ?? event
  if (manner === 'garbage') return new Uint8Array(randomBytes(256))
  // The last bytes are of the signature: another message each time, and none that verifies.
  const bytes = Buffer.from(event)
  bytes.writeUInt32LE(number, bytes.length - 24)
  return bytes
}

async function flood(manner: Manner, stream: Stream): Promise<void> {
  const topic = field(4, Buffer.from(topicName(network, 'alert')))
  for (let number = 0; !isOver && stream.status === 'open'; ) {
    const messages = Array.from({ length: MESSAGES }, () =>
      field(2, Buffer.concat([field(2, messageOf(manner, number++)), topic]))
    )
    const rpc = Buffer.concat(messages)
    const isTaken = stream.send(Buffer.concat([varint(rpc.length), rpc]))
    sent.set(manner, (sent.get(manner) ?? 0) + MESSAGES)
    if (isTaken) await turn()
    else await stream.onDrain()
  }
}

const handlers = {
  /** Until they are connected with everybody and one of them may speak. */
  start: async (fields: {
    readonly network: string
    readonly invitation: string
    readonly victims: readonly string[]
  }): Promise<void> => {
    network = findNetworkId(fields.network) ?? network
    victims = fields.victims
    for (const manner of MANNERS) flooders.push(await startFlooder(manner))
    const [author] = flooders
    if (author === undefined) return
    pool = sealMany(author.signer)
    // Signing took seconds in which nothing else ran here.
    for (const { node } of flooders) {
      for (const victim of victims) await node.dial(multiaddr(victim))
    }
  },
  announce: async (invitation: string): Promise<void> => {
    const [author] = flooders
    if (author !== undefined) await announce(author, invitation)
  },
  begin: (): void => {
    for (const { manner, node } of flooders) {
      for (const victim of victims) {
        void (async () => {
          const stream = await node.dialProtocol(multiaddr(victim), GOSSIP)
          await flood(manner, stream)
        })().catch(() => undefined)
      }
    }
  },
  /** @returns what was handed to the line, by manner, and how many connections are left */
  end: async (): Promise<{ sent: Readonly<Record<string, number>>; connected: number }> => {
    isOver = true
    const connected = flooders.reduce((sum, { node }) => sum + node.getConnections().length, 0)
    for (const { node } of flooders) await node.stop()
    return { sent: Object.fromEntries(sent), connected }
  }
}

export type FlooderHandlers = typeof handlers

answer(handlers)

/** Length-delimited, as protobuf writes it. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(number * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
