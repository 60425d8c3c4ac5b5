/** Laws of the wire: what is sealed comes back, ids and signatures are over the bytes as they came, prefixes have one spelling. */
import fc from 'fast-check'
import { equal, is, not, ok } from 'uvu/assert'
import {
  ADDRESS,
  BODIES,
  FOUNDER,
  NETWORK,
  NOW_MS,
  seal,
  VOTE
} from '../../../scripts/vectors/samples.ts'
import { codeOf, toJson } from '../../../scripts/vectors/vector.ts'
import { findPrefix, getPrefix } from '../../../src/base/index.ts'
import { readIndicator, writeIndicator } from '../../../src/wire/event/indicator.ts'
import {
  type AlertBody,
  confidenceOf,
  countBucket,
  decodeEvent,
  decodeFetchRequest,
  decodeSyncFrame,
  type EventBody,
  encodeFetchRequest,
  encodeSyncFrame,
  eventId,
  findUselessness,
  isPublicPrefix,
  listDigest,
  makeInvitation,
  parseInvitation,
  proofOfEquivocation,
  STANCES,
  type SyncRange,
  sealEvent,
  signatureInput,
  type Vote,
  writeInvitation
} from '../../../src/wire/index.ts'
import { suite } from '../../support/suite.ts'
import { verifyPlainly } from '../../support/verify.ts'

const test = suite('laws of the wire')
const RUNS = { numRuns: 200, seed: 4 }

const byte = fc.integer({ min: 0, max: 255 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const prefix = fc
  .oneof(
    fc
      .tuple(fc.array(byte, { minLength: 4, maxLength: 4 }), fc.integer({ min: 24, max: 32 }))
      .map(([quad, length]) => `${quad.join('.')}/${length}`),
    fc
      .tuple(
        fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 }),
        fc.integer({ min: 48, max: 128 })
      )
      .map(
        ([groups, length]) =>
          `2a00:${groups.map((group) => group.toString(16)).join(':')}/${length}`
      )
  )
  .map((text) => findPrefix(text)?.text ?? '')
const pastMs = fc.integer({ min: NOW_MS - 1e9, max: NOW_MS - 5e5 })
const bucket = fc.integer({ min: 0, max: 12 })
const percent = fc.integer({ min: 0, max: 100 })
const category = fc.integer({ min: 1, max: 12 })
/** Text that the wire takes: assigned long ago, in normal form C. */
const text = fc.string({ unit: fc.constantFrom(...'aZ09 .-_/é漢ß'), maxLength: 20 })

const alert: fc.Arbitrary<AlertBody> = fc.record({
  kind: fc.constant('alert' as const),
  incident: bytes(16),
  category,
  severity: fc.integer({ min: 0, max: 4 }),
  confidence: percent,
  windowStartMs: pastMs,
  windowEndMs: fc.constant(NOW_MS),
  pathClass: fc.integer({ min: 0, max: 15 }),
  portClass: fc.integer({ min: 0, max: 15 }),
  indicators: fc.uniqueArray(
    fc.record({ prefix, count: bucket, firstMs: pastMs, lastMs: fc.constant(NOW_MS - 1) }),
    { minLength: 1, maxLength: 64, selector: (indicator) => indicator.prefix }
  ),
  asn: fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined }),
  evidence: fc.record({ requests: bucket, errors: bucket, bytes: bucket, distinctPaths: bucket }),
  tlp: fc.integer({ min: 0, max: 3 })
})
const vote: fc.Arbitrary<Vote> = fc
  .record({
    prefix,
    stance: fc.constantFrom(...STANCES),
    confidence: percent,
    category,
    isFirstHand: fc.boolean(),
    firstMs: pastMs,
    lastMs: fc.constant(NOW_MS),
    count: bucket,
    ttlS: fc.integer({ min: 1, max: 604_800 })
  })
  .map((sample) => (sample.stance === 'retract' ? { ...sample, ttlS: 0 } : sample))
const body: fc.Arbitrary<EventBody> = fc.oneof(
  alert,
  fc.record({
    kind: fc.constant('vote' as const),
    votes: fc.uniqueArray(vote, {
      minLength: 1,
      maxLength: 64,
      selector: (sample) => sample.prefix
    })
  }),
  fc.record({ kind: fc.constant('retract' as const), eventId: bytes(32) }),
  fc.record({
    kind: fc.constant('revoke' as const),
    subject: fc.constantFrom('author' as const, 'invitation' as const),
    key: fc.constantFrom(FOUNDER.publicKey, authorKey()),
    reason: text
  }),
  fc.record({
    kind: fc.constant('node-announce' as const),
    name: text,
    agent: text,
    addresses: fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 16 }),
    admission: fc.constantFrom(
      undefined,
      BODIES['node-announce'].kind === 'node-announce'
        ? BODIES['node-announce'].admission
        : undefined
    ),
    isLeaving: fc.boolean()
  })
)

function authorKey(): Uint8Array {
  return seal(BODIES.vote).author
}

test('what is sealed is decoded to the same, with the id and a signature over the payload', async () => {
  await fc.assert(
    fc.asyncProperty(body, fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), async (sample, seq) => {
      const sealed = seal(sample, { seq })
      const { bytes: encoded, payload, signature, ...event } = decodeEvent(sealed.bytes)
      equal(toJson(event.body), toJson(sample))
      is(event.seq, seq)
      equal(event.id, eventId(payload))
      equal(encoded, sealed.bytes)
      ok(await verifyPlainly(event.author, signatureInput(payload), signature))
    }),
    RUNS
  )
})

test('a full vote of the longest prefixes fits into 4 KiB', () => {
  const votes = Array.from({ length: 64 }, (_, i) => ({
    ...VOTE,
    prefix: `2a00:1111:2222:3333:4444:5555:6666:${(i + 0x1000).toString(16)}/128`,
    ttlS: 604_800
  }))
  ok(seal({ kind: 'vote', votes }, { seq: 2n ** 63n - 1n }).bytes.length <= 4_096)
})

test('nobody seals what others refuse', () => {
  const fields = {
    network: NETWORK.id,
    seq: 1n,
    tsMs: NOW_MS,
    expMs: NOW_MS + 1,
    body: BODIES.vote
  }
  is(
    codeOf(() => sealEvent({ ...fields, expMs: NOW_MS }, FOUNDER)),
    'LIFETIME_INVALID'
  )
  is(
    codeOf(() => sealEvent({ ...fields, seq: 0n }, FOUNDER)),
    'SEQUENCE_INVALID'
  )
  is(
    codeOf(() => sealEvent({ ...fields, body: { kind: 'vote', votes: [] } }, FOUNDER)),
    'FIELD_INVALID'
  )
})

test('a prefix has one spelling on the wire', () => {
  fc.assert(
    fc.property(prefix, (sample) => {
      is(readIndicator(writeIndicator(sample), { ipv4: 24, ipv6: 48 }), sample)
    }),
    RUNS
  )
})

const bound = fc.record({
  tsMs: fc.integer({ min: 1, max: 50 }),
  idPrefix: fc.uint8Array({ maxLength: 2 })
})
const content: fc.Arbitrary<SyncRange> = fc.oneof(
  fc.record({ mode: fc.constant('skip' as const), until: fc.constant(undefined) }),
  fc.record({
    mode: fc.constant('fingerprint' as const),
    fingerprint: bytes(16),
    until: fc.constant(undefined)
  }),
  fc.record({
    mode: fc.constant('ids' as const),
    ids: fc.uniqueArray(bytes(32), { maxLength: 5, selector: String }),
    until: fc.constant(undefined)
  })
)

test('frames come back if their bounds ascend, and are refused if not', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(content, bound), { maxLength: 8 }), (pairs) => {
      const order = (a: (typeof pairs)[number], b: (typeof pairs)[number]) =>
        a[1].tsMs - b[1].tsMs || Buffer.compare(a[1].idPrefix, b[1].idPrefix)
      const sorted = [...pairs].sort(order)
      const isStrict = pairs.every((pair, i) => i === 0 || order(pairs[i - 1] ?? pair, pair) < 0)
      const isDistinct = sorted.every(
        (pair, i) => i === 0 || order(sorted[i - 1] ?? pair, pair) < 0
      )
      const frame = (list: typeof pairs) => ({
        kind: 'vote' as const,
        round: 2,
        refusal: undefined,
        ranges: list.map(([range, until]) => ({ ...range, until }))
      })
      is(
        codeOf(() => encodeSyncFrame(frame(pairs))),
        isStrict ? undefined : 'RANGE_INVALID'
      )
      if (isDistinct) {
        equal(toJson(decodeSyncFrame(encodeSyncFrame(frame(sorted)))), toJson(frame(sorted)))
      }
    }),
    RUNS
  )
})

test('requests come back', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(bytes(32), { minLength: 1, maxLength: 256, selector: String }),
      (ids) => {
        equal(decodeFetchRequest(encodeFetchRequest({ ids })), { ids })
      }
    ),
    { numRuns: 30, seed: 4 }
  )
})

test('an invitation comes back from its line', () => {
  fc.assert(
    fc.property(
      bytes(32),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 512 }), { maxLength: 16 }),
      (seed, addresses) => {
        const fields = { network: NETWORK, addresses, seed, notAfterMs: NOW_MS }
        const invitation = makeInvitation(fields, FOUNDER)
        equal(parseInvitation(writeInvitation(invitation)), invitation)
      }
    ),
    { numRuns: 30, seed: 4 }
  )
})

test('buckets are decades', () => {
  const cases = [
    [-1, 0],
    [0, 0],
    [0.9, 0],
    [1, 1],
    [9, 1],
    [10, 2],
    [99.5, 2],
    [100, 3],
    [1e11, 12],
    [1e15, 12],
    [Number.POSITIVE_INFINITY, 12],
    [Number.NaN, 0]
  ] as const
  for (const [count, expected] of cases) is(countBucket(count), expected, String(count))
})

test('scores leave in tens', () => {
  for (const [score, expected] of [
    [-1, 0],
    [0, 0],
    [0.04, 0],
    [0.05, 10],
    [0.94, 90],
    [1, 100],
    [7, 100]
  ] as const) {
    is(confidenceOf(score), expected)
  }
})

test('a list has one digest, whatever the order of its entries', () => {
  const entries = ['2001:db8::/32', '192.0.2.0/24', '10.0.0.0/8', '192.0.2.0/25']
  equal(listDigest(entries), listDigest([...entries].reverse()))
  not.equal(listDigest(entries), listDigest(entries.slice(1)))
  is(listDigest([]).length, 32)
})

test('two events contradict each other under one number alone', () => {
  const [a, b] = [seal(BODIES.alert), seal(BODIES.vote)]
  equal(proofOfEquivocation(a, b), proofOfEquivocation(b, a))
  is(proofOfEquivocation(a, a), undefined)
  is(proofOfEquivocation(a, seal(BODIES.vote, { seq: 2n })), undefined)
  is(proofOfEquivocation(a, seal(BODIES.vote, { signer: FOUNDER })), undefined)
  is(proofOfEquivocation(a, seal(BODIES.vote, { network: new Uint8Array(16) })), undefined)
})

test('addresses that are nobody’s are useless, not wrong; what counts as public is the node’s to say', () => {
  const about = (value: string): EventBody => ({
    kind: 'vote',
    votes: [{ ...VOTE, prefix: value }]
  })
  for (const value of [
    '10.0.0.1/32',
    '127.0.0.1/32',
    '192.0.2.0/24',
    '224.0.0.1/32',
    '::1/128',
    'fe80::/64',
    'fd00::/48',
    '2001:db8::/48',
    '2002::/48',
    '::/48'
  ]) {
    ok(seal(about(value)))
    is(findUselessness(about(value)), 'ADDRESS_NOT_PUBLIC', value)
  }
  for (const value of ['8.8.8.8/32', '11.0.0.0/24', '2a00:1450::/48', '2001:4860::/48']) {
    is(findUselessness(about(value)), undefined, value)
  }
  const loopback = findPrefix('127.0.0.0/8')
  ok(loopback !== undefined)
  is(findUselessness(about('127.9.9.9/32'), [loopback]), undefined)
  is(isPublicPrefix('0.0.0.0/0'), false)
  is(findUselessness({ kind: 'retract', eventId: ADDRESS }), undefined)
})

test('whether an IPv4 prefix is public is the same by its numbers as by its bits', () => {
  // With a range that holds none of them, prefixes are compared bit by bit.
  const none = [getPrefix('2001:db8::/128')]
  const head = fc.constantFrom(0, 10, 11, 100, 126, 127, 169, 172, 192, 198, 203, 223, 224, 255)
  const part = fc.oneof(fc.constantFrom(0, 16, 18, 63, 64, 88, 99, 168, 254), fc.nat(255))
  fc.assert(
    fc.property(
      fc.tuple(head, part, part, part),
      fc.integer({ min: 1, max: 32 }),
      (parts, length) => {
        const { text } = getPrefix(`${parts.join('.')}/${length}`)
        is(isPublicPrefix(text), isPublicPrefix(text, none))
      }
    ),
    { numRuns: 2_000 }
  )
})

test('IPv6 prefixes are spelled as everywhere else', () => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const address = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255]))
      // Mapped addresses are not read as IPv6.
      if (groups.slice(0, 5).every((value) => value === 0) && groups[5] === 0xffff) return
      const text = readIndicator({ address, length: 128 }, { ipv4: 0, ipv6: 0 })
      is(text, findPrefix(text)?.text)
    }),
    { numRuns: 5_000 }
  )
})
