/** Every limit of the decoders: the last that is taken, and the first that is refused. */
import { equal, is } from 'uvu/assert'
import { forge } from '../../../scripts/vectors/event-vectors.ts'
import {
  ALERT,
  BODIES,
  bytesOf,
  FOUNDER,
  INVITATION,
  NETWORK,
  NOW_MS,
  seal,
  VOTE
} from '../../../scripts/vectors/samples.ts'
import { codeOf } from '../../../scripts/vectors/vector.ts'
import * as wire from '../../../src/wire/generated/event.ts'
import { SyncFrame } from '../../../src/wire/generated/sync.ts'
import {
  type AlertBody,
  ANY_EVENT_BYTES_MAX,
  decodeEvent,
  decodeFetchRequest,
  decodeSyncFrame,
  EVENT_BYTES_MAX,
  EVENT_KINDS,
  type EventBody,
  encodeFetchRequest,
  encodeFetchResponse,
  encodeSyncFrame,
  kindNumber,
  LIFETIME_MS_MAX,
  makeInvitation,
  makeNetwork,
  type NodeAnnounceBody,
  type SyncRange
} from '../../../src/wire/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('limits of the wire')
const times = <T>(count: number, item: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => item(i))
const host = (i: number) => `11.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`
const announce = BODIES['node-announce'] as NodeAnnounceBody
const listBody = BODIES['list-delta']

/** What is made with the limit, and with one more. */
interface Edge {
  readonly name: string
  readonly limit: number
  readonly make: (count: number) => unknown
  readonly code: string
}

const id = (i: number) => bytesOf(`event ${i}`)
const sync = (ranges: readonly SyncRange[], round = 1) =>
  encodeSyncFrame({ kind: 'vote', round, refusal: undefined, ranges })
const alert = (changes: Partial<AlertBody>) => seal({ ...ALERT, ...changes })
const list = (adds: number, removes: number): EventBody => {
  if (listBody.kind !== 'list-delta') throw new Error('expected a list')
  return { ...listBody, adds: times(adds, host), removes: times(removes, (i) => host(i + 65_536)) }
}
const events = (count: number, length: number) => ({
  refusal: undefined,
  events: times(count, () => new Uint8Array(length)),
  hasMore: false
})
const network = (changes: Partial<Parameters<typeof makeNetwork>[0]>) =>
  makeNetwork(
    {
      name: 'n',
      founders: [FOUNDER.publicKey],
      policy: 'founder',
      createdAtMs: NOW_MS,
      nonce: NETWORK.nonce,
      ...changes
    },
    FOUNDER
  )

const edges: readonly Edge[] = [
  {
    name: 'indicators of an alert',
    limit: 64,
    code: 'LIMIT_EXCEEDED',
    make: (n) =>
      alert({
        indicators: times(n, (i) => ({
          prefix: host(i),
          count: 1,
          firstMs: NOW_MS,
          lastMs: NOW_MS
        }))
      })
  },
  {
    name: 'votes',
    limit: 64,
    code: 'LIMIT_EXCEEDED',
    make: (n) => seal({ kind: 'vote', votes: times(n, (i) => ({ ...VOTE, prefix: host(i) })) })
  },
  {
    name: 'additions to a list',
    limit: 4_096,
    code: 'LIMIT_EXCEEDED',
    make: (n) => seal(list(n, 0))
  },
  {
    name: 'removals from a list',
    limit: 4_096,
    code: 'LIMIT_EXCEEDED',
    make: (n) => seal(list(0, n))
  },
  {
    name: 'bytes of a list name',
    limit: 64,
    code: 'TEXT_INVALID',
    make: (n) => seal({ ...list(1, 0), list: 'x'.repeat(n) } as EventBody)
  },
  {
    name: 'addresses of a node',
    limit: 16,
    code: 'LIMIT_EXCEEDED',
    make: (n) => seal({ ...announce, addresses: times(n, () => Uint8Array.of(1)) })
  },
  {
    name: 'bytes of an address',
    limit: 512,
    code: 'LIMIT_EXCEEDED',
    make: (n) => seal({ ...announce, addresses: [new Uint8Array(n)] })
  },
  {
    name: 'bytes of a node name',
    limit: 64,
    code: 'TEXT_INVALID',
    make: (n) => seal({ ...announce, name: 'x'.repeat(n) })
  },
  {
    name: 'bytes of a program name',
    limit: 64,
    code: 'TEXT_INVALID',
    make: (n) => seal({ ...announce, agent: 'x'.repeat(n) })
  },
  {
    name: 'bytes of a reason',
    limit: 200,
    code: 'TEXT_INVALID',
    make: (n) =>
      seal({ kind: 'revoke', subject: 'author', key: FOUNDER.publicKey, reason: 'x'.repeat(n) })
  },
  {
    name: 'milliseconds that a sight may lie after its event',
    limit: 300_000,
    code: 'TIME_INVALID',
    make: (n) => seal({ kind: 'vote', votes: [{ ...VOTE, lastMs: NOW_MS + n }] })
  },
  {
    name: 'founders',
    limit: 8,
    code: 'LIMIT_EXCEEDED',
    make: (n) => network({ founders: times(n, () => FOUNDER.publicKey) })
  },
  {
    name: 'bytes of a network name',
    limit: 64,
    code: 'TEXT_INVALID',
    make: (n) => network({ name: 'x'.repeat(n) })
  },
  {
    name: 'addresses of an invitation',
    limit: 16,
    code: 'LIMIT_EXCEEDED',
    make: (n) =>
      makeInvitation({ ...INVITATION, addresses: times(n, () => Uint8Array.of(1)) }, FOUNDER)
  },
  {
    name: 'ranges of a frame',
    limit: 2_048,
    code: 'LIMIT_EXCEEDED',
    make: (n) =>
      sync(times(n, (i) => ({ mode: 'skip', until: { tsMs: i + 1, idPrefix: new Uint8Array(0) } })))
  },
  { name: 'rounds', limit: 24, code: 'FIELD_INVALID', make: (n) => sync([], n) },
  {
    name: 'bytes of a bound',
    limit: 32,
    code: 'RANGE_INVALID',
    make: (n) => sync([{ mode: 'skip', until: { tsMs: 1, idPrefix: new Uint8Array(n) } }])
  },
  {
    name: 'bytes of a fingerprint',
    limit: 16,
    code: 'RANGE_INVALID',
    make: (n) => sync([{ mode: 'fingerprint', fingerprint: new Uint8Array(n), until: undefined }])
  },
  {
    name: 'ids that are asked for',
    limit: 256,
    code: 'LIMIT_EXCEEDED',
    make: (n) => decodeFetchRequest(encodeFetchRequest({ ids: times(n, id) }))
  },
  {
    name: 'events of an answer',
    limit: 256,
    code: 'LIMIT_EXCEEDED',
    make: (n) => encodeFetchResponse(events(n, 1))
  },
  {
    name: 'bytes of an event in an answer',
    limit: 65_536,
    code: 'LIMIT_EXCEEDED',
    make: (n) => encodeFetchResponse(events(1, n))
  }
]

for (const { name, limit, make, code } of edges) {
  test(`${name}: ${limit} and one more`, () => {
    is(
      codeOf(() => make(limit)),
      undefined
    )
    is(
      codeOf(() => make(limit + 1)),
      code
    )
  })
}

test('bytes of all events of an answer: 512 KiB and one more', () => {
  const full = times(8, () => new Uint8Array(65_536))
  const answer = (more: readonly Uint8Array[]) => () =>
    encodeFetchResponse({ refusal: undefined, events: [...full, ...more], hasMore: true })
  is(codeOf(answer([])), undefined)
  is(codeOf(answer([Uint8Array.of(1)])), 'LIMIT_EXCEEDED')
})

/** Bytes of a field that no decoder knows: a later version may have it, and the limit of size counts it. */
function padded(kind: (typeof EVENT_KINDS)[number], length: number): Uint8Array {
  const sample = kind === 'equivocation-proof' ? undefined : BODIES[kind]
  const body =
    sample === undefined ? new Uint8Array(0) : wire.Event.decode(seal(sample).payload).body
  const fit = (size: number) => {
    const head = [0xfa, 0x07, (size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14]
    const field = Buffer.concat([Uint8Array.from(head), new Uint8Array(size)])
    return forge({
      kind: kindNumber(kind),
      body: new Uint8Array(Buffer.concat([body, field])),
      expMs: BigInt(NOW_MS + 1)
    })
  }
  let size = length - body.length - 400
  while (fit(size).length < length) size++
  return fit(size)
}

for (const kind of EVENT_KINDS) {
  test(`bytes of an event of kind ${kind}: ${EVENT_BYTES_MAX[kind]} and one more`, () => {
    const limit = EVENT_BYTES_MAX[kind]
    const last = padded(kind, limit)
    const first = padded(kind, limit + 1)
    equal([last.length, first.length], [limit, limit + 1])
    // A proof of that length holds no events, which is found after its size.
    is(
      codeOf(() => decodeEvent(last)),
      kind === 'equivocation-proof' ? 'ENVELOPE_PADDED' : undefined
    )
    is(
      codeOf(() => decodeEvent(first)),
      'TOO_LARGE'
    )
  })

  test(`lifetime of kind ${kind}: the limit and a millisecond more`, () => {
    if (kind === 'equivocation-proof') return
    const body = BODIES[kind]
    is(
      codeOf(() => seal(body, { expMs: NOW_MS + LIFETIME_MS_MAX[kind] })),
      undefined
    )
    is(
      codeOf(() => seal(body, { expMs: NOW_MS + LIFETIME_MS_MAX[kind] + 1 })),
      'LIFETIME_INVALID'
    )
  })
}

test('the largest kind is as large as any event', () => {
  is(Math.max(...Object.values(EVENT_BYTES_MAX)), ANY_EVENT_BYTES_MAX)
})

test('bytes of a frame: 60 000 and one more', () => {
  const frame = (length: number) => {
    const fixed = SyncFrame.encode({ kind: 2, round: 1, refusal: 0, ranges: [] })
    const size = length - fixed.length - 5
    const head = [0xfa, 0x07, (size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14]
    return Buffer.concat([fixed, Uint8Array.from(head), new Uint8Array(size)])
  }
  is(frame(60_000).length, 60_000)
  is(
    codeOf(() => decodeSyncFrame(frame(60_000))),
    undefined
  )
  is(
    codeOf(() => decodeSyncFrame(frame(60_001))),
    'TOO_LARGE'
  )
})
