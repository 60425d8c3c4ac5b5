/** Production nodes by the dozen in one process: real libp2p, noise, yamux, gossipsub, intake and SQLite, as the daemon builds them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../../src/base/index.ts'
import { SystemClock, seededRandom } from '../../../src/base/index.ts'
import { type KeptEvent, NetworkNode, type NetworkNodePorts } from '../../../src/network/index.ts'
import {
  AuthorRepository,
  EventRepository,
  NetworkRepository,
  OwnSequence,
  openDatabase,
  PeerValueRepository
} from '../../../src/store/index.ts'
import { findNetworkId, type Signer, signerFromSeed, topicName } from '../../../src/wire/index.ts'
import { seededBytes } from './signed-events.ts'
import { type Line, tcpOver } from './slow-line.ts'

const START_TIMEOUT_MS = 60_000
const QUIET = {
  ...{ warn: () => undefined, info: () => undefined, debug: () => undefined },
  isEnabled: () => false
}

export interface SimNodeOptions {
  readonly name: string
  /** Where its database lies. */
  readonly dir: string
  readonly line?: Line
}

export class SimNode {
  readonly name: string
  readonly node: NetworkNode
  /** What failed inside: nothing may. */
  readonly failures: unknown[] = []
  readonly #authors: AuthorRepository
  readonly #events: MutableEvents
  readonly #close: () => void
  #isSilent = false

  constructor(options: SimNodeOptions) {
    const { name, dir, line } = options
    this.name = name
    const dataDir = join(dir, name)
    mkdirSync(dataDir, { recursive: true })
    const clock = new SystemClock()
    const { db } = openDatabase({ dataDir, clock })
    this.#close = () => db.close()
    const seed = seededBytes(`sim node ${name}`)
    const random = seededRandom(Buffer.from(seed).readUInt32BE())
    this.#events = new MutableEvents(db, signerFromSeed(seed))
    this.#authors = new AuthorRepository(db)
    const ports: NetworkNodePorts = {
      ...{ clock, random, events: this.#events, authors: this.#authors },
      log: { ...QUIET, error: ({ error }) => this.failures.push(error) },
      networks: new NetworkRepository(db),
      peerValues: new PeerValueRepository(db),
      keyFile: {
        path: join(dataDir, 'node.key'),
        readOrCreate: () => Buffer.from(seed).toString('hex')
      },
      randomBytes: (length) => Uint8Array.from({ length }, () => byteOf(random)),
      sequence: new OwnSequence(
        { file: join(dataDir, 'sequence.json'), highestKept: () => undefined },
        clock
      ),
      ...(line && { tcp: tcpOver(line) })
    }
    const listen = ['/ip4/127.0.0.1/tcp/0']
    this.node = new NetworkNode({ name, agent: 'netminder/bench', listen }, ports)
  }

  async start(): Promise<this> {
    await this.node.start(AbortSignal.timeout(START_TIMEOUT_MS))
    return this
  }

  /** Stays in every mesh and forwards nothing any more that others say: neither by gossip nor when it is asked. */
  fallSilent(): void {
    this.#isSilent = true
    this.#events.isMute = true
    const { gossip } = this.node.host
    const report = gossip.reportMessageValidationResult.bind(gossip)
    type Result = Parameters<typeof report>[2]
    gossip.reportMessageValidationResult = (id, peer) => report(id, peer, 'ignore' as Result)
  }

  get peerId(): string {
    return this.node.host.peerId.toString()
  }

  /** Of everything that is live here. */
  digestOf(network: string): string {
    return this.node.status().networks.find(({ id }) => id === network)?.digest ?? ''
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  async stop(): Promise<void> {
    await this.node.stop()
    this.#close()
  }

  get address(): string {
    const [address] = this.node.status().addresses
    if (address === undefined) throw new Error(`expected ${this.name} to listen somewhere`)
    return address
  }

  /** Of the network's alerts, whom this node forwards to. */
  meshOf(network: string): number {
    return this.node.host.gossip.getMeshPeers(topicName(networkOf(network), 'alert')).length
  }

  authorsOf(network: string): number {
    return this.#authors.list(networkOf(network)).length
  }
}

/** Gives out its own alone once it is mute. */
class MutableEvents extends EventRepository {
  isMute = false
  readonly #own: Uint8Array

  constructor(db: ConstructorParameters<typeof EventRepository>[0], signer: Signer) {
    super(db)
    this.#own = signer.publicKey
  }

  override get(ids: readonly Uint8Array[]): readonly KeptEvent[] {
    const kept = super.get(ids)
    return this.isMute ? kept.filter(({ author }) => Buffer.compare(author, this.#own) === 0) : kept
  }
}

function networkOf(id: string): Uint8Array {
  const network = findNetworkId(id)
  if (network === undefined) throw new Error(`expected the id of a network, got ${id}`)
  return network
}

function byteOf(random: Random): number {
  return Math.floor(random.next() * 256)
}
