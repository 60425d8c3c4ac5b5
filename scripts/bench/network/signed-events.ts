/** Networks, authors and events by the thousand, signed for real. */
import { createHash } from 'node:crypto'
import {
  admitByFounder,
  type EventBody,
  makeNetwork,
  type Network,
  type SignedNetworkEvent,
  type Signer,
  sealEvent,
  signerFromSeed
} from '../../../src/wire/index.ts'

export const HOUR_MS = 3_600_000
export const START_MS = Date.UTC(2026, 2, 1, 12)

export function seededBytes(text: string, length = 32): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest().subarray(0, length))
}

export function seededSigner(text: string): Signer {
  return signerFromSeed(seededBytes(text))
}

export const FOUNDER = seededSigner('founder')

export function benchNetwork(name: string): Network {
  return makeNetwork(
    {
      name,
      founders: [FOUNDER.publicKey],
      policy: 'invitation',
      createdAtMs: START_MS - HOUR_MS,
      nonce: seededBytes(name, 16)
    },
    FOUNDER
  )
}

export function announceBody(network: Network, author: Signer): EventBody {
  return {
    kind: 'node-announce',
    name: 'bench',
    agent: 'netminder/bench',
    addresses: [],
    admission: admitByFounder({ network: network.id, author: author.publicKey }, FOUNDER),
    isLeaving: false
  }
}

/** An alert with one indicator and its evidence, about 230 bytes on the wire. */
export function alertBody(number: number): EventBody {
  const span = { firstMs: START_MS - 2 * HOUR_MS, lastMs: START_MS - HOUR_MS }
  return {
    kind: 'alert',
    incident: seededBytes(`incident ${number}`, 16),
    category: 1,
    severity: 3,
    confidence: 90,
    windowStartMs: span.firstMs,
    windowEndMs: span.lastMs,
    pathClass: 1,
    portClass: 1,
    indicators: [
      {
        prefix: `8.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}/32`,
        count: 3,
        ...span
      }
    ],
    asn: undefined,
    evidence: { requests: 3, errors: 1, bytes: 6, distinctPaths: 2 },
    tlp: 1
  }
}

export interface Speech {
  readonly author: Signer
  readonly network: Network
  readonly seq: bigint
  readonly body: EventBody
  readonly tsMs: number
}

export function seal({ author, network, seq, body, tsMs }: Speech): SignedNetworkEvent {
  return sealEvent({ network: network.id, seq, tsMs, expMs: tsMs + HOUR_MS, body }, author)
}
