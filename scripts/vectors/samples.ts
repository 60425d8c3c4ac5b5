/** Keys, networks and events of which vectors and tests are made. Everything follows from numbers: nothing is random. */
import {
  type AlertBody,
  admitByInvitation,
  type EventBody,
  type EventKind,
  listDigest,
  makeInvitation,
  makeNetwork,
  proofOfEquivocation,
  type SignedNetworkEvent,
  type Signer,
  sealEvent,
  sha256,
  signerFromSeed,
  type Vote
} from '../../src/wire/index.ts'

/** 2026-09-01T00:00:00Z */
export const NOW_MS = 1_788_220_800_000
const HOUR_MS = 3_600_000

/** Bytes that look random and are not. */
export function bytesOf(label: string, length = 32): Uint8Array {
  return sha256(Buffer.from(`netminder vectors: ${label}`)).subarray(0, length)
}

export const FOUNDER: Signer = signerFromSeed(bytesOf('founder'))
export const AUTHOR: Signer = signerFromSeed(bytesOf('author'))
export const STRANGER: Signer = signerFromSeed(bytesOf('stranger'))

/** /ip4/198.51.100.7/tcp/11380 */
export const ADDRESS = Uint8Array.of(4, 198, 51, 100, 7, 6, 0x2c, 0x74)

export const NETWORK = makeNetwork(
  {
    name: 'keyservers of the north',
    founders: [FOUNDER.publicKey],
    policy: 'invitation',
    createdAtMs: NOW_MS,
    nonce: bytesOf('nonce', 16)
  },
  FOUNDER
)

export const INVITATION = makeInvitation(
  {
    network: NETWORK,
    addresses: [ADDRESS],
    seed: bytesOf('invitation'),
    notAfterMs: NOW_MS + 168 * HOUR_MS
  },
  FOUNDER
)

export const ALERT: AlertBody = {
  kind: 'alert',
  incident: bytesOf('incident', 16),
  category: 3,
  severity: 3,
  confidence: 90,
  windowStartMs: NOW_MS - 600_000,
  windowEndMs: NOW_MS - 1_000,
  pathClass: 2,
  portClass: 1,
  indicators: [
    { prefix: '192.0.2.77/32', count: 4, firstMs: NOW_MS - 600_000, lastMs: NOW_MS - 1_000 },
    { prefix: '2001:db8:0:7::/64', count: 2, firstMs: NOW_MS - 30_000, lastMs: NOW_MS - 20_000 }
  ],
  asn: 64_500,
  evidence: { requests: 5, errors: 3, bytes: 8, distinctPaths: 1 },
  tlp: 1
}

export const VOTE: Vote = {
  prefix: '192.0.2.77/32',
  stance: 'block',
  confidence: 90,
  category: 3,
  isFirstHand: true,
  firstMs: NOW_MS - 600_000,
  lastMs: NOW_MS - 1_000,
  count: 4,
  ttlS: 14_400
}

const ENTRIES = ['192.0.2.0/24', '198.51.100.0/25', '2001:db8::/32']

export const BODIES: Readonly<Record<Exclude<EventKind, 'equivocation-proof'>, EventBody>> = {
  alert: ALERT,
  vote: {
    kind: 'vote',
    votes: [
      VOTE,
      { ...VOTE, prefix: '198.51.100.0/24', stance: 'retract', ttlS: 0 },
      { ...VOTE, prefix: '2001:db8:5::/48', stance: 'benign', isFirstHand: false }
    ]
  },
  'list-delta': {
    kind: 'list-delta',
    list: 'hijacked-blocks',
    version: 1,
    previousDigest: new Uint8Array(32),
    digest: listDigest(ENTRIES),
    count: ENTRIES.length,
    adds: ENTRIES,
    removes: []
  },
  retract: { kind: 'retract', eventId: bytesOf('an earlier event') },
  'node-announce': {
    kind: 'node-announce',
    name: 'keys.example.org',
    agent: 'netminder/0.1.0',
    addresses: [ADDRESS],
    admission: admitByInvitation(
      { network: NETWORK.id, author: AUTHOR.publicKey, nowMs: NOW_MS },
      INVITATION
    ),
    isLeaving: false
  },
  revoke: {
    kind: 'revoke',
    subject: 'invitation',
    key: INVITATION.invitationKey,
    reason: 'the line was posted in public'
  }
}

export interface SealOptions {
  readonly seq?: bigint
  readonly tsMs?: number
  readonly expMs?: number
  readonly signer?: Signer
  readonly network?: Uint8Array
}

export function seal(body: EventBody, options: SealOptions = {}): SignedNetworkEvent {
  const tsMs = options.tsMs ?? NOW_MS
  return sealEvent(
    {
      network: options.network ?? NETWORK.id,
      seq: options.seq ?? 1n,
      tsMs,
      expMs: options.expMs ?? tsMs + HOUR_MS,
      body
    },
    options.signer ?? AUTHOR
  )
}

/** One well-made event of every kind. */
export function sampleEvents(): Readonly<Record<EventKind, SignedNetworkEvent>> {
  const proof = proofOfEquivocation(seal(BODIES.alert), seal(BODIES.vote))
  if (proof === undefined) throw new Error('expected two events that contradict each other')
  return {
    alert: seal(BODIES.alert),
    vote: seal(BODIES.vote, { seq: 2n }),
    'list-delta': seal(BODIES['list-delta'], { seq: 3n }),
    retract: seal(BODIES.retract, { seq: 4n }),
    'node-announce': seal(BODIES['node-announce'], { seq: 5n }),
    revoke: seal(BODIES.revoke, { seq: 6n, signer: FOUNDER }),
    'equivocation-proof': seal(proof, { seq: 7n })
  }
}
