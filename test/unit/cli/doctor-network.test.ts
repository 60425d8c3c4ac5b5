import * as assert from 'uvu/assert'
import { judgeKeyMode, judgeNetwork } from '../../../src/cli/doctor/network-checks.ts'
import { suite } from '../../support/suite.ts'

const test = suite('doctor of the network')
type Status = Parameters<typeof judgeNetwork>[0]

function codesOf(
  fields: Partial<Status>,
  one: Partial<Status['networks'][number]> = {}
): readonly string[] {
  const network: Status['networks'][number] = {
    ...{ id: '0'.repeat(32), name: 'north', policy: 'invitation', is_founder: false },
    ...{ joined_at: '2026-01-01T00:00:00Z', peers: 2, is_alone: false, authors: 3, digest: '' },
    ...{
      mesh: { alert: 2, vote: 1 },
      mesh_wanted: { alert: 2, vote: 1 },
      is_eclipse_suspected: false,
      live_events: {},
      last_sync: null
    },
    ...one
  }
  return judgeNetwork({
    ...{ is_running: true, peer_id: 'x', author: 'x', connected_peers: 2, queues: {} },
    ...{
      addresses: ['/ip4/8.8.8.8/tcp/1'],
      clock_skew_ms: 12,
      clock_peers: 3,
      networks: [network]
    },
    ...fields
  }).map(({ code, severity }) => `${severity} ${code}`)
}

for (const { name, fields, one, expected } of [
  { name: 'all is well', fields: {}, one: {}, expected: [] },
  { name: 'in no network', fields: { networks: [], addresses: [] }, one: {}, expected: [] },
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

test('a key that others can read', () => {
  assert.is(judgeKeyMode('/x', 0o644)[0]?.code, 'NETWORK_KEY_EXPOSED')
  for (const mode of [0o600, 0o640, undefined]) assert.equal(judgeKeyMode('/x', mode), [])
})
