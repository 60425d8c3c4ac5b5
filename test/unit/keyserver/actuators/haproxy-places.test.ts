/** Where a ban is held at HAProxy, and which open sessions are its. */
import { equal, is, match } from 'uvu/assert'
import type { ActuatorEntry } from '../../../../src/keyserver/actuators/actuator.ts'
import {
  parseSessions,
  sessionsFrom
} from '../../../../src/keyserver/actuators/haproxy/open-sessions.ts'
import { HaproxyPlaces } from '../../../../src/keyserver/actuators/haproxy/places.ts'
import { ban, throttle } from '../../../support/haproxy-bench.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('where HAProxy holds an entry')
const OPTIONS = {
  name: 'haproxy',
  listPath: '/lists/blacklist.list',
  listPathInProxy: undefined,
  socket: '/admin.sock',
  throttleTable: 'st_info_crawler',
  commandTimeoutMs: 1_000,
  isBehindProxy: false,
  recordPath: '/record'
}

const shown = (entries: readonly ActuatorEntry[]) =>
  entries.map(({ action, prefix, untilMs }) => `${action} ${prefix} ${untilMs}`).sort()

test('a banned address stands on the list and in the table, a prefix on the list alone', () => {
  const places = new HaproxyPlaces(OPTIONS)
  equal(
    shown(
      places.withTableBans([ban('192.0.2.1', 5), ban('2001:db8::/64', 5), throttle('192.0.2.2', 7)])
    ),
    [
      'ban 192.0.2.1/32 5',
      'ban 2001:db8::/64 5',
      'throttle 192.0.2.1/32 5',
      'throttle 192.0.2.2/32 7'
    ]
  )
})

test('of a ban and a throttle of one address the later end counts in the table', () => {
  const places = new HaproxyPlaces(OPTIONS)
  equal(shown(places.withTableBans([ban('192.0.2.1', 5), throttle('192.0.2.1', 4)])), [
    'ban 192.0.2.1/32 5',
    'throttle 192.0.2.1/32 5'
  ])
  equal(shown(places.withTableBans([ban('192.0.2.1', 5), throttle('192.0.2.1', 6)])), [
    'ban 192.0.2.1/32 5',
    'throttle 192.0.2.1/32 6'
  ])
})

test('with more bans than the table is to hold, those that end soonest stand in it', () => {
  const places = new HaproxyPlaces(OPTIONS, 2)
  const bans = [
    ban('192.0.2.1', 9),
    ban('192.0.2.2', 9),
    ban('192.0.2.3', 4),
    throttle('192.0.2.4', 99)
  ]
  equal(
    shown(places.withTableBans(bans)).filter((text) => text.startsWith('throttle')),
    ['throttle 192.0.2.1/32 9', 'throttle 192.0.2.3/32 4', 'throttle 192.0.2.4/32 99']
  )
})

test('without a table or a socket the list alone holds, and it is said', () => {
  for (const change of [{ throttleTable: undefined }, { socket: undefined }]) {
    const places = new HaproxyPlaces({ ...OPTIONS, ...change })
    equal(places.actions, ['ban'])
    equal(shown(places.withTableBans([ban('192.0.2.1', 5)])), ['ban 192.0.2.1/32 5'])
    equal(places.ofMarked('192.0.2.1/32'), ['ban'])
    const told = places.describe(ban('192.0.2.1'), { nowMs: 0, isInTable: true })
    const hasSocket = 'throttleTable' in change
    match(
      told,
      hasSocket ? /one that was open stays open until it ends$/ : /only after its next reload$/
    )
    is(places.takesEffect(ban('192.0.2.1')), hasSocket)
    is(places.takesEffect(throttle('192.0.2.1')), false)
  }
})

test('a ban that the table had no room for is described as what it is', () => {
  const places = new HaproxyPlaces(OPTIONS)
  const describe = (isInTable: boolean) =>
    places.describe(ban('192.0.2.1'), { nowMs: 0, isInTable })
  match(describe(true), /and answers 429 over those that were open/)
  match(describe(false), /one that was open stays open until it ends$/)
  equal(places.ofMarked('192.0.2.1/32'), ['ban', 'throttle'])
  equal(places.ofMarked('192.0.2.0/24'), ['ban'])
})

const SESSIONS = `0x55f5f71175f0: proto=tcpv4 src=192.0.2.9:44162 fe=fe_l4 be=l4 srv=s ts=00 epoch=0
0x55f5f722d810: proto=tcpv6 src=::ffff:198.51.100.7:53920 fe=fe_l4 be=l4 srv=s ts=00
0x7ff19802fcf0: proto=tcpv6 src=2001:db8:1:2::9:37316 fe=fe_l4 be=l4 srv=s ts=00
0x55f5f722e880: proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> srv=<none> ts=00
garbage
`

test('reads sessions and finds those of a prefix', () => {
  const sessions = parseSessions(SESSIONS)
  equal(
    sessions.map(({ source }) => source),
    ['192.0.2.9', '198.51.100.7', '2001:db8:1:2::9']
  )
  const found = sessionsFrom(['198.51.100.0/24', '2001:db8:1:2::/64', '192.0.2.0/29'], sessions)
  equal(
    found.map(({ id }) => id),
    ['0x55f5f722d810', '0x7ff19802fcf0']
  )
  is(sessionsFrom(['192.0.2.9/32', '2001:db8:1::/48'], sessions).length, 2)
})
