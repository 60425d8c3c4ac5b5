/** A network with founders, authors and an intake over a real store in a temporary directory. */
import { createHash } from 'node:crypto'
import type { ManualClock } from '../../src/base/index.ts'
import { EventIntake, type IntakePorts } from '../../src/network/events/event-intake.ts'
import type { EventOrigin } from '../../src/network/events/first-look.ts'
import { createNodeVerifier } from '../../src/network/events/node-verifier.ts'
import type { Verdict } from '../../src/network/events/verdict.ts'
import { AuthorRepository } from '../../src/store/author-repository.ts'
import { EventRepository } from '../../src/store/event-repository.ts'
import { NetworkRepository } from '../../src/store/network-repository.ts'
import {
  admitByFounder,
  admitByInvitation,
  type EventBody,
  type EventKind,
  makeInvitation,
  makeNetwork,
  type Network,
  type SignedNetworkEvent,
  type Signer,
  sealEvent,
  signerFromSeed,
  topicOf
} from '../../src/wire/index.ts'
import { makeStore, START_MS, type TemporaryStore } from './store.ts'

const HOUR_MS = 3_600_000

export function bytesOf(name: string, length = 32): Uint8Array {
  return new Uint8Array(createHash('sha256').update(name).digest().subarray(0, length))
}

export function signerOf(name: string): Signer {
  return signerFromSeed(bytesOf(`key of ${name}`))
}

export const FOUNDER = signerOf('founder')

export function networkOf(name = 'test', policy: Network['policy'] = 'invitation'): Network {
  return makeNetwork(
    {
      name,
      founders: [FOUNDER.publicKey],
      policy,
      createdAtMs: START_MS - 1_000,
      nonce: bytesOf(name, 16)
    },
    FOUNDER
  )
}

export const NETWORK = networkOf()

/** Numbers go up by one for each author, as a node's do. */
export class Author {
  readonly signer: Signer
  readonly network: Network
  seq: bigint

  constructor(
    name: string,
    network: Network = NETWORK,
    firstSeq = 1n,
    signer: Signer = signerOf(name)
  ) {
    this.signer = signer
    this.network = network
    this.seq = firstSeq
  }

  get key(): Uint8Array {
    return this.signer.publicKey
  }

  say(body: EventBody, fields: Partial<{ seq: bigint; tsMs: number; expMs: number }> = {}) {
    const tsMs = fields.tsMs ?? START_MS
    const seq = fields.seq ?? this.seq++
    return sealEvent(
      { network: this.network.id, seq, tsMs, expMs: fields.expMs ?? tsMs + HOUR_MS, body },
      this.signer
    )
  }

  announce(fields: Parameters<Author['say']>[1] = {}): SignedNetworkEvent {
    const admission = admitByFounder({ network: this.network.id, author: this.key }, FOUNDER)
    return this.say(announceOf(admission), fields)
  }
}

export function announceOf(admission: ReturnType<typeof admitByFounder> | undefined): EventBody
export function announceOf(admission: ReturnType<typeof admitByInvitation>): EventBody
export function announceOf(
  admission: ReturnType<typeof admitByFounder> | ReturnType<typeof admitByInvitation> | undefined
): EventBody {
  return { kind: 'node-announce', name: '', agent: '', addresses: [], admission, isLeaving: false }
}

export { admitByFounder, admitByInvitation, makeInvitation }

export function alertBody(address = '8.8.8.8', incident = 'incident'): EventBody {
  return {
    kind: 'alert',
    incident: bytesOf(incident, 16),
    category: 1,
    severity: 3,
    confidence: 90,
    windowStartMs: START_MS - 201 * HOUR_MS,
    windowEndMs: START_MS - 200 * HOUR_MS,
    pathClass: 1,
    portClass: 1,
    indicators: [
      {
        prefix: `${address}/32`,
        count: 3,
        firstMs: START_MS - 201 * HOUR_MS,
        lastMs: START_MS - 200 * HOUR_MS
      }
    ],
    asn: undefined,
    evidence: { requests: 3, errors: 1, bytes: 6, distinctPaths: 2 },
    tlp: 1
  }
}

export function voteBody(addresses: readonly string[]): EventBody {
  return {
    kind: 'vote',
    votes: addresses.map((address) => ({
      prefix: `${address}/32`,
      stance: 'block',
      confidence: 90,
      category: 1,
      isFirstHand: true,
      firstMs: START_MS - 201 * HOUR_MS,
      lastMs: START_MS - 200 * HOUR_MS,
      count: 3,
      ttlS: 600
    }))
  }
}

export function revokeBody(subject: 'author' | 'invitation', key: Uint8Array): EventBody {
  return { kind: 'revoke', subject, key, reason: 'test' }
}

export interface NodeRig {
  readonly store: TemporaryStore
  readonly clock: ManualClock
  readonly events: EventRepository
  readonly authors: AuthorRepository
  readonly intake: EventIntake
  readonly failures: unknown[]
  gossip(event: SignedNetworkEvent): Promise<Verdict>
  fetch(event: SignedNetworkEvent): Promise<Verdict>
  submit(bytes: Uint8Array, origin: Partial<EventOrigin>): Promise<Verdict>
}

export function makeNode(
  options: {
    store?: TemporaryStore
    ports?: Partial<IntakePorts>
    networks?: readonly Network[]
    ownKey?: Uint8Array
  } = {}
): NodeRig {
  const store = options.store ?? makeStore()
  const networks = options.networks ?? [NETWORK]
  const kept = new NetworkRepository(store.db)
  for (const network of networks) {
    kept.save({
      id: network.id,
      name: network.name,
      document: network.bytes,
      admission: undefined,
      bootstrap: [],
      joinedAtMs: START_MS
    })
  }
  const events = new EventRepository(store.db)
  const authors = new AuthorRepository(store.db)
  const failures: unknown[] = []
  const intake = new EventIntake(options.ownKey === undefined ? {} : { ownKey: options.ownKey }, {
    clock: store.clock,
    verify: createNodeVerifier(),
    events,
    authors,
    onFailure: (error) => failures.push(error),
    ...options.ports
  })
  for (const network of networks) intake.join(network)
  const submit = (bytes: Uint8Array, origin: Partial<EventOrigin>) =>
    intake.submit(bytes, { network: NETWORK.id, via: 'gossip', peer: 'peer', ...origin })
  return {
    ...{ store, clock: store.clock, events, authors, intake, failures, submit },
    gossip: (event) =>
      submit(event.bytes, { network: event.network, topic: topicOf(event.kind as EventKind) }),
    fetch: (event) => submit(event.bytes, { network: event.network, via: 'sync' })
  }
}

export function reasonOf(verdict: Verdict): string {
  return verdict.verdict === 'accept' ? 'accept' : `${verdict.verdict} ${verdict.reason}`
}
