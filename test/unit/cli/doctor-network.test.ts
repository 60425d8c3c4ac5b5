import * as assert from 'uvu/assert'
import {
  judgeNetwork,
  judgeOff,
  judgeStart,
  type NetworkFacts
} from '../../../src/cli/doctor/network-checks.ts'
import type { Config } from '../../../src/config/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor of the network')
type Status = NetworkFacts['status']
type Knocks = NetworkFacts['listen']

function judge(
  fields: Partial<Status>,
  one: Partial<Status['networks'][number]> = {},
  knocks: { listen?: Knocks; announced?: Knocks; bootstrap?: Knocks } = {}
) {
  const network: Status['networks'][number] = {
    ...{ id: '0'.repeat(32), name: 'north', policy: 'invitation', is_founder: false },
    ...{ joined_at: '2026-01-01T00:00:00Z', peers: 2, is_alone: false, authors: 3, digest: '' },
    ...{ mesh: { alert: 2, vote: 1 }, mesh_wanted: { alert: 2, vote: 1 }, live_events: {} },
    ...{ last_sync: null, is_eclipse_suspected: false, bootstrap: [], is_admitted: true },
    announce_problem: null,
    ...one
  }
  const status: Status = {
    ...{ is_running: true, peer_id: 'x', author: 'x', connected_peers: 2, queues: {} },
    ...{ addresses: ['/ip4/8.8.8.8/tcp/1'], clock_skew_ms: 12, clock_peers: 3 },
    banned_peers: { protocol: 0, flood: 0, gossip: 0 },
    ...{ key_used_elsewhere_at: null, problem: null, sharing: TOLD },
    ...{ networks: [network], ...fields }
  }
  const { listen = [], announced = [], bootstrap = [] } = knocks
  return judgeNetwork({ status, listen, announced, bootstrap: new Map([[network.id, bootstrap]]) })
}

const TOLD: Status['sharing'] = {
  ...{ unsaid_decisions: 0, waits_because: null },
  ...{ is_taking_back: false, taken_back_within_ms: 1_000 }
}

function codesOf(...given: Parameters<typeof judge>): readonly string[] {
  return judge(...given).map(({ code, severity }) => `${severity} ${code}`)
}

const refused = (address: string) => ({ address, failure: 'ECONNREFUSED' })
const answered = (address: string) => ({ address, failure: undefined })
const ONE = '/ip4/8.8.8.8/tcp/1'
const OTHER = '/dns4/keys.example/tcp/2'

for (const { name, fields, one, expected } of [
  { name: 'all is well', fields: {}, one: {}, expected: [] },
  {
    name: 'banned peers',
    fields: { banned_peers: { protocol: 0, flood: 0, gossip: 2 } },
    one: {},
    expected: ['note NETWORK_PEERS_BANNED']
  },
  {
    name: 'a wrong clock, with everybody gone',
    fields: { clock_skew_ms: -7_200_000, clock_peers: 3, connected_peers: 0 },
    one: { is_alone: true, peers: 0, mesh: {}, mesh_wanted: {} },
    expected: ['note NETWORK_ALONE', 'fault NETWORK_CLOCK_SKEW']
  },
  {
    name: 'alone',
    fields: {},
    one: { is_alone: true, mesh: { alert: 0 } },
    expected: ['note NETWORK_ALONE']
  },
  {
    name: 'no mesh',
    fields: {},
    one: { mesh: { alert: 0, vote: 1 } },
    expected: ['note NETWORK_NO_MESH']
  },
  {
    name: 'another node with this key',
    fields: { key_used_elsewhere_at: '2026-01-01T00:00:00Z' },
    one: {},
    expected: ['fault NETWORK_KEY_USED_ELSEWHERE']
  },
  {
    name: 'decisions that wait for others to listen',
    fields: { sharing: { ...TOLD, unsaid_decisions: 3, waits_because: 'all was said' } },
    one: {},
    expected: ['note NETWORK_NOT_TOLD']
  },
  {
    name: 'decisions that are being gathered',
    fields: { sharing: { ...TOLD, unsaid_decisions: 3 } },
    one: {},
    expected: []
  },
  {
    name: 'not let in',
    fields: {},
    one: { is_admitted: false },
    expected: ['fault NETWORK_NOT_ADMITTED']
  },
  {
    name: 'not announced, and so not let in',
    fields: {},
    one: { is_admitted: false, announce_problem: 'expected name of at most 64 bytes' },
    expected: ['fault NETWORK_NOT_ANNOUNCED']
  },
  {
    name: 'kept apart',
    fields: {},
    one: { is_eclipse_suspected: true },
    expected: ['note NETWORK_ECLIPSE_SUSPECTED']
  },
  {
    name: 'a thin mesh',
    fields: {},
    one: { mesh: { alert: 1, vote: 1 } },
    expected: ['note NETWORK_THIN_MESH']
  },
  {
    name: 'clock a little off',
    fields: { clock_skew_ms: -130_000 },
    one: {},
    expected: ['note NETWORK_CLOCK_SKEW']
  },
  {
    name: 'clock far off',
    fields: { clock_skew_ms: 400_000 },
    one: {},
    expected: ['fault NETWORK_CLOCK_SKEW']
  },
  {
    name: 'private addresses',
    fields: { addresses: ['/ip4/10.0.0.1/tcp/1', '/ip6/::1/tcp/1'] },
    one: {},
    expected: ['note NETWORK_UNREACHABLE']
  },
  {
    name: 'one public address',
    fields: { addresses: ['/ip4/10.0.0.1/tcp/1', '/dns4/a.example/tcp/1'] },
    one: {},
    expected: []
  }
]) {
  test(name, () => assert.equal(codesOf(fields, one), expected))
}

const ALONE = { is_alone: true, peers: 0, mesh: { alert: 0 }, mesh_wanted: { alert: 0 } }

for (const { name, one, knocks, expected } of [
  {
    name: 'who founded a network and has no others',
    one: ALONE,
    knocks: {},
    expected: ['note NETWORK_ALONE']
  },
  {
    name: 'whose invitation nobody answers',
    one: { ...ALONE, bootstrap: [ONE, OTHER] },
    knocks: { bootstrap: [refused(ONE), refused(OTHER)] },
    expected: ['note NETWORK_BOOTSTRAP_UNREACHABLE']
  },
  {
    name: 'whose invitation somebody answers',
    one: { ...ALONE, bootstrap: [ONE, OTHER] },
    knocks: { bootstrap: [answered(ONE), refused(OTHER)] },
    expected: ['note NETWORK_ALONE']
  },
  {
    name: 'which has peers, though its invitation is dead',
    one: { bootstrap: [ONE] },
    knocks: { bootstrap: [refused(ONE)] },
    expected: []
  },
  {
    name: 'to which nobody can connect',
    one: {},
    knocks: { listen: [refused(ONE), refused(OTHER)] },
    expected: ['fault NETWORK_NOT_LISTENING']
  },
  {
    name: 'to which somebody can connect',
    one: {},
    knocks: { listen: [refused(ONE), answered(OTHER)], announced: [answered(OTHER)] },
    expected: []
  },
  {
    name: 'whose public address does not answer',
    one: {},
    knocks: { announced: [answered(ONE), refused(OTHER)] },
    expected: ['note NETWORK_ANNOUNCE_UNANSWERED']
  },
  {
    name: 'whose name has no address',
    one: {},
    knocks: { announced: [{ address: OTHER, failure: 'ENOTFOUND' }] },
    expected: ['fault NETWORK_NAME_UNKNOWN']
  }
]) {
  test(`a node ${name}`, () => assert.equal(codesOf({}, one, knocks), expected))
}

for (const { addresses, expected } of [
  { addresses: ['/ip4/0.0.0.0/tcp/11390'], expected: ['fault NETWORK_ANNOUNCE_INVALID'] },
  { addresses: [ONE, '/ip6/::/tcp/11390'], expected: ['fault NETWORK_ANNOUNCE_INVALID'] },
  { addresses: ['/ip4/100.64.0.1/tcp/1'], expected: ['note NETWORK_UNREACHABLE'] },
  { addresses: ['/ip4/169.254.3.1/tcp/1'], expected: ['note NETWORK_UNREACHABLE'] },
  { addresses: ['/ip6/fd00::1/tcp/1'], expected: ['note NETWORK_UNREACHABLE'] },
  { addresses: ['/dns4/localhost/tcp/1'], expected: ['note NETWORK_UNREACHABLE'] },
  { addresses: [], expected: ['note NETWORK_UNREACHABLE'] },
  { addresses: ['/ip6/2606:4700::1/tcp/1'], expected: [] },
  { addresses: ['/ip4/10.0.0.1/tcp/1/p2p/12D3/p2p-circuit'], expected: [] }
]) {
  test(`others are told to dial ${addresses}`, () => assert.equal(codesOf({ addresses }), expected))
}

test('a clock that is wrong is told with how far, and by how many', () => {
  const [finding] = judge({ clock_skew_ms: -130_000, clock_peers: 2 })
  assert.match(finding?.message ?? '', '2m 10s behind those of the others (by 2 nodes, too few')
  const [surely] = judge({ clock_skew_ms: 301_000, clock_peers: 3 })
  assert.match(
    surely?.message ?? '',
    '5m 1s ahead of those of the others (by 3 nodes): what this node'
  )
})

test('networks that cannot run are a fault, with the reason', () => {
  assert.equal(judgeStart({ problem: null }), [])
  const [finding] = judgeStart({ problem: 'could not listen on X: it is in use' })
  assert.is(finding?.code, 'NETWORK_NOT_RUNNING')
  assert.match(finding?.message ?? '', 'could not listen on X: it is in use')
})

test('who is advised to take a new key is told that it is one for all networks', () => {
  const [found] = judge({}, { is_admitted: false })
  assert.match(found?.cure ?? '', /one for all networks.*let it in anew.*nobody can invite/)
})

test('networks that are turned off are told, and nothing where they are not', () => {
  const config = (isEnabled: boolean) => ({ network: { isEnabled } }) as Config
  assert.is(judgeOff(config(false))[0]?.code, 'NETWORK_OFF')
  assert.equal([judgeOff(config(true)), judgeOff(undefined)], [[], []])
})
