/** Nodes of libp2p and gossipsub alone, with our mesh: what carries messages, and nothing that looks at them. */
import { randomBytes } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { MESH_PARAMS, RPC_DATA_BYTES_MAX } from '../../../src/network/host/gossip-params.ts'
import { answer } from './process-link.ts'

/** What the interface leaves out. */
interface Router extends GossipSub {
  getMeshPeers(topic: string): string[]
}

type BareNode = Libp2p<{ readonly pubsub: GossipSub }>

const TOPIC = 'bench'
const nodes: BareNode[] = []
let received = 0

async function openNode(): Promise<BareNode> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: Number.MAX_SAFE_INTEGER },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        ...MESH_PARAMS,
        globalSignaturePolicy: StrictNoSign,
        asyncValidation: false,
        maxInboundDataLength: RPC_DATA_BYTES_MAX,
        // All are at one address.
        scoreParams: { IPColocationFactorWeight: 0 }
      })
    }
  })
  node.services.pubsub.addEventListener('message', () => {
    received++
  })
  node.services.pubsub.subscribe(TOPIC)
  return node
}

function at(number: number): BareNode {
  const node = nodes[number]
  if (node === undefined) throw new Error(`expected a node, got number ${number}`)
  return node
}

const handlers = {
  open: async (count: number): Promise<void> => {
    for (let opened = 0; opened < count; opened++) nodes.push(await openNode())
  },
  /** By pairs of numbers. */
  connect: async (links: readonly (readonly [number, number])[]): Promise<void> => {
    for (const [from, to] of links) await at(from).dial(at(to).getMultiaddrs())
  },
  meshes: (): readonly number[] =>
    nodes.map(({ services }) => (services.pubsub as Router).getMeshPeers(TOPIC).length),
  publish: async (from: { readonly node: number; readonly bytes: number }): Promise<void> => {
    await at(from.node).services.pubsub.publish(TOPIC, new Uint8Array(randomBytes(from.bytes)))
  },
  /** Messages by all nodes, since the start. */
  received: (): number => received,
  cpuMicroseconds: (): number => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  close: async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

export type BareHandlers = typeof handlers

answer(handlers)
