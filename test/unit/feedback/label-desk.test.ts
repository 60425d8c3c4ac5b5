/** What can be said of sources, how much it counts, and what is refused. */
import { equal, is, match, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  isStronger,
  type JudgedMatter,
  LABELS_MAX,
  type LabelDeskPorts,
  RULE_LABELS_MAX,
  type Statement
} from '../../../src/feedback/index.ts'
import { fakeLabels, sampleLabel } from '../../support/fake-labels.ts'
import { START_MS, uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('label desk')
const HOUR_MS = 3_600_000
const BY = 'token:ada'

function statement(fields: Partial<Statement> = {}): Statement {
  return {
    ...{ label: 'abuse', class: undefined, campaign: '', note: '' },
    ...{ fromMs: undefined, toMs: undefined, weight: undefined },
    ...fields
  }
}

function rig(ports: Partial<LabelDeskPorts> = {}) {
  const clock = new ManualClock(START_MS)
  const found = fakeLabels({ clock, ...ports })
  found.store.remove(sampleLabel().id)
  return { ...found, clock }
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('an address is labelled for the last day, by whom, with full weight, and the audit says so', () => {
  const { desk, audit } = rig()
  const [label] = desk.say(
    { kind: 'prefix', value: '203.0.113.66' },
    statement({ class: 'A8', note: 'walks' }),
    BY
  )
  equal(
    { ...label, id: '' },
    {
      ...{ id: '', prefix: '203.0.113.66/32', label: 'abuse', class: 'A8', campaign: '' },
      ...{ fromMs: START_MS - 24 * HOUR_MS, toMs: START_MS, source: 'operator', weight: 1 },
      ...{ origin: '', note: 'walks', saidBy: BY, saidAtMs: START_MS }
    }
  )
  equal(
    audit.map(({ action, actor }) => [action, actor]),
    [['label.add', BY]]
  )
})

test('whoever says the same again widens his label; another, or the opposite, is kept beside it', async () => {
  const { desk, store, clock, audit } = rig()
  const say = (fields: Partial<Statement>, by = BY) =>
    desk.say({ kind: 'prefix', value: '203.0.113.66' }, statement(fields), by)[0]
  const first = say({})
  await clock.advance(HOUR_MS)
  const again = say({})
  equal([again?.id, again?.fromMs, again?.toMs], [first?.id, first?.fromMs, START_MS + HOUR_MS])
  is(audit.length, 1)
  say({}, 'token:bob')
  const opposite = say({ label: 'benign' })
  is(store.count(), 3)
  const overruled = desk
    .list({ limit: 10 })
    .items.map(({ label, overruledBy }) => [label.label, overruledBy])
  equal(overruled, [
    ['benign', undefined],
    ['abuse', opposite?.id],
    ['abuse', opposite?.id]
  ])
  const apart = say({ fromMs: START_MS + 90 * HOUR_MS, toMs: START_MS + 91 * HOUR_MS })
  ok(apart?.id !== first?.id, 'a time that does not meet the first is another label')
})

test('of two that contradict each other weight counts, then narrowness, then who spoke last', () => {
  const label = (fields: Parameters<typeof sampleLabel>[0]) => sampleLabel(fields)
  const pairs = [
    [
      { weight: 1, prefix: '198.51.100.0/24', saidAtMs: 1 },
      { weight: 0.8, saidAtMs: 9 }
    ],
    [{ saidAtMs: 1 }, { prefix: '198.51.100.0/24', saidAtMs: 9 }],
    [{ saidAtMs: 3 }, { saidAtMs: 2 }],
    [{ id: uuidOf(2) }, { id: uuidOf(1) }]
  ]
  for (const [stronger, weaker] of pairs) {
    is(isStronger(label(stronger), label(weaker)), true)
    is(isStronger(label(weaker), label(stronger)), false)
  }
})

test('an IPv6 client is its /64', () => {
  const { desk } = rig()
  const [label] = desk.say({ kind: 'prefix', value: '2001:db8::7' }, statement(), BY)
  is(label?.prefix, '2001:db8::/64')
})

test('what cannot be is refused with a sentence', () => {
  const { desk, store } = rig()
  const say = (value: string, fields: Partial<Statement> = {}) =>
    codeOf(() => desk.say({ kind: 'prefix', value }, statement(fields), BY))
  equal(
    [
      say('nonsense'),
      say('203.0.0.0/16'),
      say('2001:db8::/32'),
      say('127.0.0.1'),
      say('203.0.113.1', { fromMs: START_MS, toMs: START_MS - 1 }),
      say('203.0.113.1', { toMs: START_MS + 9e12 }),
      say('203.0.113.1', { fromMs: Number.NaN })
    ],
    [
      'ADDRESS_INVALID',
      'PREFIX_TOO_WIDE',
      'PREFIX_TOO_WIDE',
      'PROTECTED',
      'SPAN_INVALID',
      'SPAN_INVALID',
      'SPAN_INVALID'
    ]
  )
  is(store.count(), 0)
  is(say('127.0.0.1', { label: 'benign' }), 'none', 'that it is harmless may be said of anybody')
  is(
    codeOf(() => desk.remove(uuidOf(9), BY, '')),
    'LABEL_NOT_FOUND'
  )
})

const MATTER: JudgedMatter = {
  id: 'ab'.repeat(32),
  prefixes: ['203.0.113.5/32', '127.0.0.1/32', '203.0.113.0/28'],
  fromMs: START_MS - HOUR_MS,
  toMs: START_MS - 1_000
}

test('a verdict on an alert speaks of all that it names, with its time and less weight', () => {
  const alerts = (start: string) => [MATTER].filter(({ id }) => id.startsWith(start))
  const { desk } = rig({ matters: { alerts, decision: () => undefined } })
  const verdict = (label: 'abuse' | 'benign') =>
    desk.say({ kind: 'alert', id: 'ABABABAB' }, statement({ label }), BY)
  const right = verdict('abuse')
  equal(
    right.map(({ prefix }) => prefix),
    ['203.0.113.5/32', '203.0.113.0/28'],
    'who is protected is not called abusive by the way'
  )
  const [first] = right
  equal(
    [first?.source, first?.weight, first?.origin, first?.fromMs, first?.toMs],
    ['verdict', 0.8, MATTER.id, MATTER.fromMs, MATTER.toMs]
  )
  is(verdict('benign').length, 3)
})

test('an alert or decision that is not there, or could be several, is said to be so', () => {
  const none = rig()
  const many = rig({ matters: { alerts: () => [MATTER, MATTER], decision: () => undefined } })
  const say = (desk: (typeof none)['desk'], id: string) =>
    codeOf(() => desk.say({ kind: 'alert', id }, statement(), BY))
  equal(
    [say(none.desk, 'abababab'), say(many.desk, 'abababab'), say(none.desk, uuidOf(1))],
    ['ALERT_NOT_FOUND', 'ALERT_AMBIGUOUS', 'DECISION_NOT_FOUND']
  )
})

test('what a person lifted counts half as harmless, hard evidence a fifth as abuse', () => {
  const { desk, store, audit } = rig()
  desk.noteLifted([{ ...MATTER, prefixes: ['203.0.113.5/32'] }], BY, 'a colleague')
  const span = { fromMs: START_MS, toMs: START_MS + 1, rule: 'scan-paths' }
  desk.noteEvidence([{ source: '203.0.113.5', ...span }])
  desk.noteEvidence([{ source: '203.0.113.5', ...span, toMs: START_MS + 500 }])
  const kept = store.list({ limit: 10 }).items
  equal(
    kept.map(({ source, weight, label, saidBy, toMs }) => [source, weight, label, saidBy, toMs]),
    [
      ['rule', 0.2, 'abuse', 'system', START_MS + 500],
      ['lifted-decision', 0.5, 'benign', BY, MATTER.toMs]
    ]
  )
  is(audit.length, 0, 'the lift itself is in the audit')
})

test('an import is taken whole or not at all, and names what cannot be', () => {
  const { desk, store, audit } = rig()
  const entry = (prefix: string) => ({ prefix, statement: statement() })
  const refused = desk.import(['203.0.113.1', 'nonsense', '127.0.0.1'].map(entry), BY)
  equal(refused.kind === 'refused' && refused.refusals.map(({ index, code }) => [index, code]), [
    [1, 'ADDRESS_INVALID'],
    [2, 'PROTECTED']
  ])
  equal([store.count(), audit.length], [0, 0])
  const taken = desk.import(['203.0.113.1', '203.0.113.2', '203.0.113.1'].map(entry), BY)
  equal(taken, { kind: 'imported', added: 2, unchanged: 1 })
  equal(
    audit.map(({ action }) => action),
    ['label.import']
  )
})

test('where labels are full, those of rules give way; where there are none, it is said', () => {
  const full = { all: LABELS_MAX, rules: 1 }
  const { desk, store } = rig()
  Object.assign(store, {
    count: (source?: string) => (source === 'rule' ? full.rules : full.all),
    removeOldest: () => {
      if (full.rules === 0) return false
      full.rules--
      return true
    }
  })
  const say = (value: string) => codeOf(() => desk.say({ kind: 'prefix', value }, statement(), BY))
  equal([say('203.0.113.1'), say('203.0.113.2')], ['none', 'LABELS_FULL'])
})

test('rules say no more than their part', () => {
  const { desk, store } = rig()
  let removed = 0
  Object.assign(store, {
    count: (source?: string) => (source === 'rule' ? RULE_LABELS_MAX : RULE_LABELS_MAX + 1),
    removeOldest: (source: string) => {
      removed++
      match(source, 'rule')
      return true
    }
  })
  desk.noteEvidence([{ source: '203.0.113.5', fromMs: 1, toMs: 2, rule: 'x' }])
  is(removed, 1)
})
