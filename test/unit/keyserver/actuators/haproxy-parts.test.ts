/** HAProxy's answers as 2.6 writes them, and what follows from them. */
import { equal, is } from 'uvu/assert'
import {
  parseAclEntries,
  parseAclLists,
  parseInfo,
  parsePreparedVersion,
  parseTable,
  quote,
  shown,
  tableKey
} from '../../../../src/keyserver/actuators/haproxy/answers.ts'
import {
  changesMeanwhile,
  changesOfList,
  changesOfTable,
  isReplaceable,
  listAfter,
  type RunningGoal,
  type RunningState,
  singleCommands
} from '../../../../src/keyserver/actuators/haproxy/list-changes.ts'
import { parseSocket } from '../../../../src/keyserver/actuators/haproxy/runtime-client.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('parts of the HAProxy actuator')

test('reads the names and versions of lists', () => {
  const answer = `# id (file) description
0 (/etc/lists (1)/blacklist.list) pattern loaded from file '/etc/lists (1)/blacklist.list' used by acl at file '/x/50.cfg' line 4, by acl at file '/x/40.cfg' line 31. curr_ver=3 next_ver=4 entry_cnt=4
1 () acl 'src' file 'h.cfg' line 22. curr_ver=0 next_ver=0 entry_cnt=0
-1 (/etc/older.list) pattern loaded from file '/etc/older.list'
`
  equal(parseAclLists(answer), [
    { file: '/etc/lists (1)/blacklist.list', nextVersion: 4 },
    { file: '', nextVersion: 0 },
    { file: '/etc/older.list', nextVersion: 0 }
  ])
})

test('reads entries, and tells complaints from them', () => {
  equal(parseAclEntries('0x55b1fac9d760 127.0.2.9\n0x7f 127.0.3.0/255.255.255.0\nUnknown ACL\n'), {
    entries: [
      { reference: '0x55b1fac9d760', text: '127.0.2.9' },
      { reference: '0x7f', text: '127.0.3.0/255.255.255.0' }
    ],
    others: ['Unknown ACL']
  })
})

test('reads a table, versions and facts', () => {
  const table = `# table: st_info_crawler, type: ipv6, size:1048576, used:2
0x55b1fae85bf8: key=::ffff:127.0.2.5 use=0 exp=86378600 gpc0=0
0x7fc770033668: key=2001:db8::1 use=1 exp=86399698 shard=0 gpc0=6
`
  equal(parseTable(table), [
    { prefix: '127.0.2.5/32', gpc0: 0, expiresInMs: 86_378_600 },
    { prefix: '2001:db8::1/128', gpc0: 6, expiresInMs: 86_399_698 }
  ])
  is(parsePreparedVersion('New version created: 12\n'), '12')
  is(parsePreparedVersion('Unknown ACL identifier.'), undefined)
  is(parseInfo('Name: HAProxy\nVersion: 2.6.12\n').get('Version'), '2.6.12')
})

test('writes keys and words so that HAProxy takes them, and shows answers so that a terminal does', () => {
  is(tableKey('192.0.2.1/32'), '::ffff:192.0.2.1')
  is(tableKey('2001:db8::1/128'), '2001:db8::1')
  is(quote('/my lists;x#1/a\\b.list'), '/my\\ lists\\;x\\#1/a\\\\b.list')
  is(shown('\u001b[2J a\nb\u0000'), '[2J a b')
  is(shown(''), 'nothing')
  is(shown('x'.repeat(999)).length, 200)
})

for (const { text, expected } of [
  { text: '/run/haproxy/admin.sock', expected: { path: '/run/haproxy/admin.sock' } },
  { text: 'unix:///run/a.sock', expected: { path: '/run/a.sock' } },
  { text: 'unix@/run/a.sock', expected: { path: '/run/a.sock' } },
  { text: '127.0.0.1:1396', expected: { host: '127.0.0.1', port: 1396 } },
  { text: 'tcp://haproxy:1396', expected: { host: 'haproxy', port: 1396 } },
  { text: 'ipv4@127.0.0.1:1396', expected: { host: '127.0.0.1', port: 1396 } },
  { text: '[::1]:1396', expected: { host: '::1', port: 1396 } },
  { text: '/odd:1396', expected: { path: '/odd:1396' } }
]) {
  test(`reads the socket ${text}`, () => equal(parseSocket(text), expected))
}

function goal(
  changes: Partial<
    Record<'listed' | 'throttled' | 'ownListed' | 'ownThrottled' | 'foreign', string[]>
  >,
  isEndingOnly = false
): RunningGoal {
  const set = (name: keyof typeof changes) => new Set(changes[name] ?? [])
  return {
    listed: set('listed'),
    throttled: set('throttled'),
    ownListed: set('ownListed'),
    ownThrottled: set('ownThrottled'),
    foreign: set('foreign'),
    isEndingOnly
  }
}

function state(texts: string[], throttled: string[] = []): RunningState {
  const listed = texts.map((text, i) => ({ reference: `0x${i}`, text }))
  return { listed, throttled: new Set(throttled) }
}

const A = '192.0.2.1/32'
for (const { name, given, there, added, removed } of [
  { name: 'new', given: goal({ listed: [A] }), there: [], added: [A], removed: [] },
  {
    name: 'ours and there',
    given: goal({ listed: [A], ownListed: [A] }),
    there: ['192.0.2.1'],
    added: [],
    removed: []
  },
  {
    name: 'ours and gone',
    given: goal({ listed: [A], ownListed: [A] }),
    there: [],
    added: [A],
    removed: []
  },
  {
    name: 'new beside the same of somebody else',
    given: goal({ listed: [A] }),
    there: ['192.0.2.1'],
    added: [A],
    removed: []
  },
  {
    name: 'on the operator’s line',
    given: goal({ listed: [A], foreign: [A] }),
    there: ['192.0.2.1'],
    added: [],
    removed: []
  },
  { name: 'over', given: goal({ ownListed: [A] }), there: ['192.0.2.1'], added: [], removed: [A] },
  {
    name: 'over and on the operator’s line',
    given: goal({ ownListed: [A], foreign: [A] }),
    there: ['192.0.2.1'],
    added: [],
    removed: []
  },
  {
    name: 'over, and what is there is spelled by somebody else',
    given: goal({ ownListed: [A] }),
    there: ['::ffff:192.0.2.1'],
    added: [],
    removed: []
  },
  { name: 'over and gone', given: goal({ ownListed: [A] }), there: [], added: [], removed: [] },
  { name: 'somebody else’s', given: goal({}), there: ['192.0.2.1'], added: [], removed: [] },
  {
    name: 'gone, while only ending',
    given: goal({ listed: [A], ownListed: [A] }, true),
    there: [],
    added: [],
    removed: []
  }
]) {
  test(`an entry of the list: ${name}`, () => {
    const changes = changesOfList(given, state(there))
    equal([changes.added, changes.removed], [added, removed])
  })
}

test('of two entries alike the later one is taken away, by its reference', () => {
  const there = state(['192.0.2.1', '10.0.0.1', '192.0.2.1'])
  const changes = changesOfList(goal({ ownListed: [A], listed: ['10.9.0.0/16'] }), there)
  equal(singleCommands('LIST', changes, there), ['add acl LIST 10.9.0.0/16', 'del acl LIST #0x2'])
  equal(listAfter(changes, there), ['10.0.0.1', '192.0.2.1', '10.9.0.0/16'])
})

test('the table: what the crawler rule had put there is not ours', () => {
  const first = changesOfTable(goal({ throttled: [A] }), state([], [A]))
  equal([first.added, first.removed, [...first.foreign]], [[], [], [A]])
  const later = changesOfTable(goal({ ownThrottled: [A] }), state([], [A]))
  equal([later.added, later.removed], [[], [A]])
  equal(changesOfTable(goal({ throttled: [A] }, true), state([])).added, [])
})

test('what changed meanwhile is counted, twice the same too', () => {
  const before = state(['a', 'b', 'b']).listed
  const after = state(['b', 'c', 'c']).listed
  equal(changesMeanwhile(before, after), { came: ['c', 'c'], went: ['b', 'a'] })
  equal(changesMeanwhile(before, before), { came: [], went: [] })
})

test('a list with a name that only the file may hold is not replaced as a whole', () => {
  is(isReplaceable(state(['192.0.2.1', '10.0.0.0/8'])), true)
  is(isReplaceable(state(['localhost'])), false)
})
