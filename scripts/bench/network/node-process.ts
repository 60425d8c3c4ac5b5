/** Holds real nodes and does with them what the measuring process asks for. */
import { randomBytes } from 'node:crypto'
import { SystemClock } from '../../../src/base/index.ts'
import type { EventVia } from '../../../src/network/index.ts'
import type { AlertBody } from '../../../src/wire/index.ts'
import { answer } from './process-link.ts'
import { openRealNode, type RealNode } from './real-node.ts'

/** What a node heard of others. */
export interface Arrival {
  /** Of the event. */
  readonly id: string
  readonly node: number
  /** On the clock that all processes of a machine share. */
  readonly atNs: bigint
  readonly via: EventVia
}

export interface NodeState {
  readonly peerId: string
  readonly addresses: readonly string[]
  /** Peer ids of those it is connected with. */
  readonly connected: readonly string[]
  readonly meshOfAlerts: number
  readonly authors: number
}

export interface Said {
  readonly id: string
  /** Before anything was done for it. */
  readonly startNs: bigint
  /** Of the signed envelope. */
  readonly bytes: number
}

const TTL_MS = 3_600_000
const clock = new SystemClock()
const nodes: RealNode[] = []
let arrivals: Arrival[] = []
let ownBytes = 0

function at(number: number): RealNode {
  const node = nodes[number]
  if (node === undefined) throw new Error(`expected a node, got number ${number}`)
  return node
}

function stateOf({ network }: RealNode): NodeState {
  const { peerId, addresses, networks } = network.status()
  const [state] = networks
  return {
    ...{ peerId, addresses, connected: network.peers().map((peer) => peer.peerId) },
    meshOfAlerts: state?.mesh.alert ?? 0,
    authors: state?.authors ?? 0
  }
}

/** 30 indicators make a KiB on the wire. */
function alertBody(indicators: number): AlertBody {
  const lastMs = clock.nowMs()
  const span = { firstMs: lastMs - 60_000, lastMs }
  return {
    kind: 'alert',
    incident: new Uint8Array(randomBytes(16)),
    ...{ category: 1, severity: 3, confidence: 90, pathClass: 1, portClass: 1, tlp: 1 },
    ...{ windowStartMs: span.firstMs, windowEndMs: span.lastMs, asn: undefined },
    indicators: Array.from({ length: indicators }, (_, n) => {
      const [high = 0, low = 0] = randomBytes(2)
      return { prefix: `8.${high}.${low}.${n}/32`, count: 3, ...span }
    }),
    evidence: { requests: 3, errors: 1, bytes: 6, distinctPaths: 2 }
  }
}

const handlers = {
  /** @returns how many there are now */
  open: async (count: number): Promise<number> => {
    for (let opened = 0; opened < count; opened++) {
      const number = nodes.length
      const node = await openRealNode()
      node.network.onEvent((event, via) => {
        if (event.kind !== 'alert') return
        if (via === 'own') {
          ownBytes = event.bytes.length
          return
        }
        const atNs = process.hrtime.bigint()
        arrivals.push({ id: Buffer.from(event.id).toString('hex'), node: number, atNs, via })
      })
      nodes.push(node)
    }
    return nodes.length
  },
  create: async (number: number) => await at(number).network.create({ name: 'bench' }),
  join: async ({ node, invitation }: { readonly node: number; readonly invitation: string }) => {
    await at(node).network.join(invitation)
  },
  states: (): readonly NodeState[] => nodes.map(stateOf),
  publish: async (from: {
    readonly node: number
    readonly network: string
    readonly indicators: number
  }): Promise<Said> => {
    const body = alertBody(from.indicators)
    const startNs = process.hrtime.bigint()
    const { id } = await at(from.node).network.publish(from.network, body, { ttlMs: TTL_MS })
    return { id, startNs, bytes: ownBytes }
  },
  /** Since the last time that it was asked. */
  takeArrivals: (): readonly Arrival[] => {
    const taken = arrivals
    arrivals = []
    return taken
  },
  /** Of the processor, by all threads, since the start. */
  cpuMicroseconds: (): number => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  close: async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()))
  }
}

export type NodeHandlers = typeof handlers

answer(handlers)
