/** Real nodes over loopback: libp2p, SQLite and the clock of the machine. */
import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, SystemClock, seededRandom } from '../../src/base/index.ts'
import type { NetworkPeer } from '../../src/network/network-api.ts'
import { NetworkNode } from '../../src/network/network-node.ts'
import { AuthorRepository } from '../../src/store/author-repository.ts'
import type { Connection } from '../../src/store/connection.ts'
import { EventRepository } from '../../src/store/event-repository.ts'
import { NetworkRepository } from '../../src/store/network-repository.ts'
import { openDatabase } from '../../src/store/open.ts'
import { OwnSequence } from '../../src/store/own-sequence.ts'
import { PeerValueRepository } from '../../src/store/peer-value-repository.ts'
import { readOrCreateSecret } from '../../src/store/secret-file.ts'
import {
  type AlertBody,
  findNetworkId,
  protocolId,
  sealEvent,
  signerFromSeed,
  type Topic,
  topicName
} from '../../src/wire/index.ts'
import { makeDataDir, removeDataDir } from './store.ts'

const NO_LOG = {
  ...{ error: () => undefined, warn: () => undefined, info: () => undefined },
  ...{ debug: () => undefined, isEnabled: () => false }
}

export interface TestNodeOptions {
  readonly clock?: Clock
  /** @default a free port of loopback, the same one after a restart */
  readonly listen?: string
  readonly hasNatTraversal?: boolean
  /** Whether it tells authors where it is; whoever is connected learns it in any case. @default true */
  readonly tellsAddresses?: boolean
  /** Begins with what that one, which is stopped, has on its disk. */
  readonly cloneOf?: TestNode
}

class SecretiveNode extends NetworkNode {
  override publish(...[id, body, options]: Parameters<NetworkNode['publish']>) {
    const said = body.kind === 'node-announce' ? { ...body, addresses: [] } : body
    return super.publish(id, said, options)
  }
}

export class TestNode {
  readonly dataDir = makeDataDir()
  #listen = '/ip4/127.0.0.1/tcp/0'
  #close: () => void = () => undefined
  #node: NetworkNode | undefined
  readonly failures: unknown[] = []
  readonly #options: TestNodeOptions
  #db: Connection | undefined

  constructor(options: TestNodeOptions = {}) {
    this.#options = options
    if (options.listen !== undefined) this.#listen = options.listen
    if (options.cloneOf === undefined) return
    cpSync(options.cloneOf.dataDir, this.dataDir, { recursive: true })
  }

  get keyFile(): string {
    return join(this.dataDir, 'node.key')
  }

  get node(): NetworkNode {
    if (this.#node === undefined) throw new Error('expected a started node')
    return this.#node
  }

  /** What it keeps, past everything that guards it. */
  get db(): Connection {
    if (this.#db === undefined) throw new Error('expected a started node')
    return this.#db
  }

  async start(): Promise<this> {
    const { clock = new SystemClock(), listen, hasNatTraversal = false } = this.#options
    const Node = this.#options.tellsAddresses === false ? SecretiveNode : NetworkNode
    const { db } = openDatabase({ dataDir: this.dataDir, clock })
    this.#close = () => db.close()
    const events = new EventRepository(db)
    this.#db = db
    const log = {
      ...NO_LOG,
      error: ({ error }: Record<string, unknown>) => {
        if (error !== undefined) this.failures.push(error)
      }
    }
    this.#node = new Node(
      { name: 'test', agent: 'netminder/test', listen: [this.#listen], hasNatTraversal },
      {
        ...{ clock, log, events, random: seededRandom(1) },
        peerValues: new PeerValueRepository(db),
        keyFile: {
          path: this.keyFile,
          readOrCreate: (make) => readOrCreateSecret(this.keyFile, make).text
        },
        randomBytes: (length) => new Uint8Array(randomBytes(length)),
        authors: new AuthorRepository(db),
        networks: new NetworkRepository(db),
        sequence: new OwnSequence(
          {
            file: join(this.dataDir, 'sequence.json'),
            highestKept: () => undefined
          },
          clock
        )
      }
    )
    await this.#node.start(AbortSignal.timeout(30_000))
    // Comes back where it was.
    if (listen === undefined)
      this.#listen = (this.#node.status().addresses[0] ?? '').replace(/\/p2p\/.*$/, '')
    return this
  }

  async stop(): Promise<void> {
    await this.#node?.stop()
    this.#node = undefined
    this.#close()
    this.#close = () => undefined
  }

  async remove(): Promise<void> {
    await this.stop()
    removeDataDir(this.dataDir)
  }

  peerOf(other: TestNode): NetworkPeer | undefined {
    const { peerId } = other.node.status()
    return this.node.peers().find((peer) => peer.peerId === peerId)
  }

  meshOf(id: string, topic: Topic): number {
    return this.node.status().networks.find((network) => network.id === id)?.mesh[topic] ?? 0
  }

  /** As this node would say it, or somebody else. */
  sealed(id: string, body: AlertBody, name?: string): Uint8Array {
    const seed = readOrCreateSecret(this.keyFile, () => '').text
    const signer = signerFromSeed(
      new Uint8Array(name === undefined ? Buffer.from(seed, 'hex') : randomBytes(32))
    )
    const tsMs = new SystemClock().nowMs()
    const network = networkOf(id)
    const fields = { network, seq: BigInt(tsMs) * 2n, tsMs, expMs: tsMs + 60_000, body }
    return sealEvent(fields, signer).bytes
  }

  /** Past everything that this node would check. */
  async gossipRaw(id: string, topic: Topic, bytes: Uint8Array): Promise<void> {
    await this.node.host.gossip.publish(topicName(networkOf(id), topic), bytes)
  }

  async sendRaw(
    to: TestNode,
    id: string,
    message: { readonly protocol: 'sync' | 'fetch' | 'gossip'; readonly bytes: Uint8Array }
  ): Promise<void> {
    const host = this.node.host
    const peer = host.connections.find(
      ({ remotePeer }) => remotePeer.toString() === to.node.status().peerId
    )?.remotePeer
    if (peer === undefined) throw new Error('expected a connection')
    const { protocol } = message
    const name = protocol === 'gossip' ? '/meshsub/1.2.0' : protocolId(networkOf(id), protocol)
    const stream = await host.openStream(peer, name, AbortSignal.timeout(5_000))
    stream.send(message.bytes)
    await stream.close({ signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
  }

  alertIds(): readonly string[] {
    return this.node.alerts({ limit: 1_000 }).items.map(({ id }) => id)
  }
}

export function alertOf(address: string, nowMs: number): AlertBody {
  return {
    kind: 'alert',
    incident: new Uint8Array(randomBytes(16)),
    ...{
      category: 1,
      severity: 3,
      confidence: 90,
      windowStartMs: nowMs - 1_000,
      windowEndMs: nowMs
    },
    ...{ pathClass: 1, portClass: 1, asn: undefined, tlp: 1 },
    indicators: [{ prefix: `${address}/32`, count: 3, firstMs: nowMs - 1_000, lastMs: nowMs }],
    evidence: { requests: 3, errors: 1, bytes: 6, distinctPaths: 2 }
  }
}

export async function until(isDone: () => boolean, timeoutMs = 30_000): Promise<void> {
  const clock = new SystemClock()
  const startMs = clock.monotonicMs()
  while (!isDone()) {
    if (clock.monotonicMs() - startMs > timeoutMs) throw new Error(`expected ${isDone.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function networkOf(id: string): Uint8Array {
  const network = findNetworkId(id)
  if (network === undefined) throw new Error(`expected the id of a network, got ${id}`)
  return network
}
