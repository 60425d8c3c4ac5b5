import { equal, is, throws } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import type { AuditInput, Decision } from '../../../src/defense/index.ts'
import { ListEditor } from '../../../src/defense/list-editor.ts'
import { START_MS } from '../../support/events.ts'
import { listEntry, MemoryList, neverBlock } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('list editor')
const ACTOR = 'cli:test'

function bench() {
  const audit: AuditInput[] = []
  const clock = new ManualClock(START_MS)
  const stored: Decision[] = []
  const ports = {
    allowlist: new MemoryList(),
    blocklist: new MemoryList(),
    audit: { append: (entry: AuditInput) => void audit.push(entry) },
    unitOfWork: { run: <T>(work: () => T) => work() },
    clock,
    createId: (atMs: number) => `id-${atMs}`
  }
  const lists = new ListEditor(ports)
  const block = (prefix: string, untilMs?: number) =>
    lists.addToBlocklist(
      { prefix, note: 'a note', untilMs },
      { actor: ACTOR, neverBlock: neverBlock(), store: (made) => void stored.push(...made) }
    )
  const allow = (prefix: string, untilMs?: number) =>
    lists.addToAllowlist({ prefix, note: 'a note', untilMs }, ACTOR)
  return { ...ports, lists, audit: audit, stored, block, allow }
}

const code = (expected: string) => (error: { code?: string }) => error.code === expected

test('adds to the blocklist with a decision that is applied and has an end', () => {
  for (const { prefix, value, scope } of [
    { prefix: '203.0.113.7', value: '203.0.113.7', scope: 'address' },
    { prefix: '203.0.113.7/24', value: '203.0.113.0/24', scope: 'prefix' },
    { prefix: '2001:db8::/48', value: '2001:db8::/48', scope: 'prefix' }
  ]) {
    const { block, stored, audit } = bench()
    const { added, decision } = block(prefix)
    equal([decision.value, decision.scope, decision.mode], [value, scope, 'enforce'])
    equal(decision.prefixes, [added.prefix])
    is(Number.isSafeInteger(decision.untilMs), true)
    equal(stored, [decision])
    equal(
      audit.map(({ action, target }) => [action, target]),
      [['blocklist.add', added.prefix]]
    )
  }
})

test('refuses what must not be on a list, and changes nothing', () => {
  const { block, allow, audit, blocklist, allowlist } = bench()
  throws(() => block('203.0.112.0/23'), code('PREFIX_TOO_WIDE'))
  throws(() => block('2001:db8::/47'), code('PREFIX_TOO_WIDE'))
  throws(() => block('10.0.0.1'), code('PROTECTED'))
  throws(() => block('nonsense'), code('ADDRESS_INVALID'))
  throws(() => block('203.0.113.7', START_MS), code('END_IN_PAST'))
  throws(() => allow('128.0.0.0/7'), code('PREFIX_TOO_WIDE'))
  throws(() => allow('203.0.113.7', START_MS - 1), code('END_IN_PAST'))
  equal([audit.length, blocklist.entries.size, allowlist.entries.size], [0, 0, 0])
  is(allow('10.0.0.0/8').prefix, '10.0.0.0/8')
  is(block('203.0.113.7', START_MS + 1).decision.untilMs, START_MS + 1)
})

test('an import is all or nothing, with one audit entry and the later of two alike', () => {
  const { lists, stored, audit, blocklist } = bench()
  const run = (prefixes: readonly string[], held: readonly string[] = []) =>
    lists.importToBlocklist(
      prefixes.map((prefix, index) => ({ prefix, note: `note ${index}`, untilMs: undefined })),
      {
        actor: ACTOR,
        neverBlock: neverBlock(),
        isHeld: (prefix) => held.includes(prefix),
        store: (made) => void stored.push(...made)
      }
    )
  const refused = run(['203.0.113.7', '10.0.0.1', 'nonsense', '203.0.112.0/23'])
  equal(refused.kind === 'refused' && refused.refusals.map(({ index, code }) => [index, code]), [
    [1, 'PROTECTED'],
    [2, 'ADDRESS_INVALID'],
    [3, 'PREFIX_TOO_WIDE']
  ])
  equal([audit.length, stored.length, blocklist.entries.size], [0, 0, 0])
  equal(run(['203.0.113.7', '203.0.113.8', '203.0.113.7/32']), {
    kind: 'imported',
    imported: 2,
    unchanged: 0
  })
  is(blocklist.find('203.0.113.7/32')?.note, 'note 2')
  equal(
    audit.map(({ action, target }) => [action, target]),
    [['blocklist.import', '2 prefixes']]
  )
  is((audit[0]?.after as readonly unknown[] | undefined)?.length, 2)
  equal(
    stored.map(({ value }) => value),
    ['203.0.113.7', '203.0.113.8']
  )
})

test('an import changes nothing about an entry that stands as it is given', () => {
  const { lists, stored, audit } = bench()
  const held = ['203.0.113.7/32']
  const run = (note: string) =>
    lists.importToBlocklist([{ prefix: '203.0.113.7', note, untilMs: undefined }], {
      actor: ACTOR,
      neverBlock: neverBlock(),
      isHeld: (prefix) => held.includes(prefix),
      store: (made) => void stored.push(...made)
    })
  equal(run('a'), { kind: 'imported', imported: 1, unchanged: 0 })
  equal(run('a'), { kind: 'imported', imported: 0, unchanged: 1 })
  equal(run('b'), { kind: 'imported', imported: 1, unchanged: 0 })
  held.pop()
  equal(run('b'), { kind: 'imported', imported: 1, unchanged: 0 })
  equal([stored.length, audit.length], [3, 3])
})

test('hides what has ended, and drops it when something new comes', async () => {
  const { lists, allow, allowlist, clock } = bench()
  allow('203.0.113.7', START_MS + 1_000)
  allow('203.0.113.8')
  await clock.advance(1_000)
  equal(
    lists.all('allowlist').map(({ prefix }) => prefix),
    ['203.0.113.8/32']
  )
  is(allowlist.entries.size, 2)
  allow('203.0.113.9')
  is(allowlist.entries.size, 2)
  throws(() => lists.remove('allowlist', '203.0.113.7', { actor: ACTOR }), code('ENTRY_NOT_FOUND'))
})

test('removes an entry under any spelling, with what belongs to it', () => {
  const { lists, blocklist, audit } = bench()
  blocklist.put(listEntry('2001:db8::7/128'))
  const order: string[] = []
  const alongside = () => void order.push(`left ${blocklist.entries.size}`)
  is(lists.remove('blocklist', '2001:0db8:0::7', { actor: ACTOR, alongside }), '2001:db8::7/128')
  equal(order, ['left 0'])
  is(audit[0]?.action, 'blocklist.remove')
  throws(() => lists.remove('blocklist', '2001:db8::7', { actor: ACTOR }), code('ENTRY_NOT_FOUND'))
})
