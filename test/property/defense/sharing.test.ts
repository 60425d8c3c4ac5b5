import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { getPrefix, prefixContains, prefixesOverlap } from '../../../src/base/index.ts'
import { configSchema } from '../../../src/config/index.ts'
import {
  composeAlerts,
  composeRetractions,
  composeVotes,
  type Decision,
  type SharedDecision,
  type SharePolicy,
  shareDecision
} from '../../../src/defense/index.ts'
import { CATEGORIES } from '../../../src/detection/index.ts'
import {
  decodeEvent,
  type EventBody,
  isPublicPrefix,
  sealEvent,
  signerFromSeed
} from '../../../src/wire/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Laws of sharing')
const NOW_MS = Date.UTC(2026, 10, 25)
const SIGNER = signerFromSeed(new Uint8Array(32).fill(7))
/** Words that stand in every decision below and must stand in nothing that leaves. */
const SECRETS = [
  'rule-secret',
  'AgentSecret',
  'searchsecret',
  '/path-secret',
  'hashsecret',
  'model@secret'
]
const PROTECTED = [getPrefix('8.8.8.0/29'), getPrefix('2a00:1450::/64')]

const byte = fc.integer({ min: 0, max: 255 })
const prefix = fc.oneof(
  fc.tuple(byte, byte, byte, byte).map((parts) => `${parts.join('.')}/32`),
  fc
    .tuple(byte, fc.integer({ min: 16, max: 32 }))
    .map(([last, length]) => getPrefix(`8.8.8.${last}/${length}`).text),
  fc.constantFrom('10.1.2.3/32', '127.0.0.1/32', '192.168.0.0/24', 'fe80::1/128', '::1/128'),
  fc
    .tuple(fc.integer({ min: 0, max: 65_535 }), fc.constantFrom(40, 48, 64, 128))
    .map(
      ([word, length]) =>
        getPrefix(`2a00:1450:0:${(word % 3).toString(16)}::${word.toString(16)}/${length}`).text
    )
)
const decision: fc.Arbitrary<Decision> = fc.record({
  id: fc.uuid(),
  scope: fc.constantFrom('address' as const, 'prefix' as const, 'swarm' as const),
  value: fc.constant('swarm:searchsecret'),
  prefixes: fc.array(prefix, { maxLength: 150 }),
  type: fc.constantFrom('ban' as const, 'throttle' as const, 'watch' as const),
  category: fc.constantFrom(...CATEGORIES),
  origin: fc.constantFrom('detection' as const, 'operator' as const, 'network' as const),
  mode: fc.constantFrom('shadow' as const, 'enforce' as const),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  reasons: fc.array(
    fc.record({
      rule: fc.constant('rule-secret'),
      text: fc.constant('AgentSecret asked for /path-secret and searchsecret'),
      counters: fc.record({
        requests: fc.integer({ min: 0, max: 1e9 }),
        ban_at: fc.constant(4_711),
        pages: byte
      })
    }),
    { maxLength: 3 }
  ),
  lineHashes: fc.constant(['hashsecret']),
  model: fc.constant('model@secret'),
  offence: fc.integer({ min: 0, max: 5 }),
  createdAtMs: fc.integer({ min: NOW_MS - 600_000, max: NOW_MS }),
  untilMs: fc.integer({ min: NOW_MS - 1_000, max: NOW_MS + 40 * 86_400_000 }),
  liftedAtMs: fc.constant(undefined),
  liftedBy: fc.constant('cli:AgentSecret'),
  liftReason: fc.constant('searchsecret')
})
const policy: fc.Arbitrary<SharePolicy> = fc.record({
  isEnabled: fc.boolean(),
  categories: fc.subarray([...CATEGORIES]),
  typeMin: fc.constantFrom('throttle' as const, 'ban' as const),
  precision: fc.constantFrom('address' as const, 'network' as const),
  includesShadow: fc.boolean()
})
const FACTS = {
  treatAsPublic: [],
  isProtected: (text: string) => PROTECTED.some((other) => prefixesOverlap(other, getPrefix(text)))
}
const OPEN: SharePolicy = {
  isEnabled: true,
  categories: CATEGORIES,
  typeMin: 'throttle',
  precision: 'address',
  includesShadow: true
}

function share(decisions: readonly Decision[], given: SharePolicy): readonly SharedDecision[] {
  return decisions.flatMap((one) => {
    const shared = shareDecision(one, given, FACTS)
    return typeof shared === 'string' ? [] : [shared]
  })
}

function bodiesOf(shared: readonly SharedDecision[]): readonly EventBody[] {
  return [...composeAlerts(shared), ...composeVotes(shared, NOW_MS), ...composeRetractions(shared)]
}

function seal(body: EventBody): Uint8Array {
  const network = new Uint8Array(16)
  return sealEvent({ network, seq: 1n, tsMs: NOW_MS, expMs: NOW_MS + 60_000, body }, SIGNER).bytes
}

function namedIn(bodies: readonly EventBody[]): readonly string[] {
  return bodies.flatMap((body) => {
    if (body.kind === 'alert') return body.indicators.map((indicator) => indicator.prefix)
    return body.kind === 'vote' ? body.votes.map((vote) => vote.prefix) : []
  })
}

test('a decision that the policy forbids is not told', () => {
  fc.assert(
    fc.property(decision, policy, (one, given) => {
      const shared = shareDecision(one, given, FACTS)
      const isForbidden =
        !given.isEnabled ||
        one.origin !== 'detection' ||
        one.type === 'watch' ||
        (one.type === 'throttle' && given.typeMin === 'ban') ||
        (one.mode === 'shadow' && !given.includesShadow) ||
        !given.categories.includes(one.category)
      if (isForbidden) assert.type(shared, 'string')
    })
  )
})

test('nothing that is named is protected, private, too wide or finer than the policy', () => {
  fc.assert(
    fc.property(fc.array(decision, { maxLength: 8 }), policy, (decisions, given) => {
      const own = decisions.flatMap(({ prefixes }) => prefixes.map(getPrefix))
      for (const text of namedIn(bodiesOf(share(decisions, given)))) {
        const named = getPrefix(text)
        const isIpv4 = named.bits.kind() === 'ipv4'
        assert.not(FACTS.isProtected(text), text)
        assert.ok(isPublicPrefix(text), text)
        assert.ok(named.length >= (isIpv4 ? 24 : 48), text)
        if (given.precision === 'network') assert.ok(named.length <= (isIpv4 ? 24 : 64), text)
        assert.ok(
          own.some((prefix) => prefixContains(named, prefix)),
          text
        )
      }
    })
  )
})

test('no rule, text, hash, model, person or threshold is in the bytes, and the wire takes them all', () => {
  fc.assert(
    fc.property(fc.array(decision, { maxLength: 8 }), (decisions) => {
      for (const body of bodiesOf(share(decisions, OPEN))) {
        const bytes = seal(body)
        assert.equal(decodeEvent(bytes).body.kind, body.kind)
        const text = Buffer.from(bytes).toString('latin1')
        for (const secret of SECRETS) assert.not(text.includes(secret), secret)
      }
    }),
    { numRuns: 50 }
  )
})

test('scores leave in tenths, counts as their number of digits, times to the minute', () => {
  fc.assert(
    fc.property(fc.array(decision, { maxLength: 8 }), (decisions) => {
      for (const alert of composeAlerts(share(decisions, OPEN))) {
        assert.is(alert.confidence % 10, 0)
        assert.is(alert.windowStartMs % 60_000, 0)
        for (const indicator of alert.indicators) {
          assert.ok(indicator.count <= 12)
          assert.is(indicator.firstMs % 60_000, 0)
        }
        assert.ok(Object.values(alert.evidence).every((bucket) => bucket <= 12))
      }
    })
  )
})

test('two decisions that differ only in what must not be told are told in the same bytes', () => {
  fc.assert(
    fc.property(decision, (one) => {
      const other: Decision = {
        ...one,
        value: 'other',
        lineHashes: [],
        model: undefined,
        reasons: one.reasons.map((reason) => ({ ...reason, rule: 'x', text: 'y' }))
      }
      const [a, b] = [one, other].map((each) => bodiesOf(share([each], OPEN)).map(seal))
      assert.equal(a, b)
    })
  )
})

test('a decision that was told is taken back for just what was accused', () => {
  fc.assert(
    fc.property(decision, (one) => {
      const shared = share([{ ...one, untilMs: NOW_MS + 60_000 }], OPEN)
      const accused = new Set(namedIn(composeVotes(shared, NOW_MS)))
      const retractions = composeRetractions(shared)
      assert.equal(new Set(namedIn(retractions)), accused)
      assert.ok(retractions.every(({ votes }) => votes.every(({ stance }) => stance === 'retract')))
    })
  )
})

test('the configuration knows every category', () => {
  assert.equal(configSchema.parse({}).network.shareCategories, [...CATEGORIES])
})
