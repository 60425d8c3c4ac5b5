import { equal, is } from 'uvu/assert'
import { type ActuatorEntry, createActuator } from '../../../../src/keyserver/index.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('the list for others over HTTP')
const signal = new AbortController().signal
let nowMs = 1_000

function list() {
  return createActuator(
    { kind: 'http-list', name: 'offer', action: 'ban' },
    {
      recordDir: '/nonexistent',
      findProtection: (prefix) => (prefix === '192.0.2.9/32' ? 'own address' : undefined),
      nowMs: () => nowMs
    }
  )
}

function ban(address: string, untilMs = 61_000): ActuatorEntry {
  return { prefix: `${address}/32`, action: 'ban', untilMs, decisionId: 'd' }
}

test('holds what it is told, but nothing protected, nothing over and nothing of another action', async () => {
  nowMs = 1_000
  const actuator = list()
  const desired = [
    ban('192.0.2.1'),
    ban('192.0.2.2', 5_000),
    ban('192.0.2.3', 1_000),
    ban('192.0.2.9'),
    { ...ban('192.0.2.4'), action: 'throttle' as const }
  ]
  equal(await actuator.dryRun(desired, signal), [
    'refuse 192.0.2.9/32: own address',
    '/api/defense/blocklist?format=plain: + 192.0.2.1',
    '/api/defense/blocklist?format=plain: + 192.0.2.2'
  ])
  equal(await actuator.held(signal), [])
  equal(await actuator.apply(desired, signal), {
    added: 2,
    removed: 0,
    mended: 0,
    refused: [{ prefix: '192.0.2.9/32', reason: 'own address' }]
  })
  is((await actuator.held(signal)).length, 2)
  nowMs = 5_000
  equal(
    (await actuator.held(signal)).map(({ prefix }) => prefix),
    ['192.0.2.1/32']
  )
  equal(await actuator.dryRun([], signal), [
    '/api/defense/blocklist?format=plain: - 192.0.2.1',
    '/api/defense/blocklist?format=plain: - 192.0.2.2'
  ])
  is((await actuator.apply([], signal)).removed, 2)
})

test('says what it does about an entry, and has nothing to complain about', async () => {
  is(
    list().describe(ban('192.0.2.1')),
    'offer: offered to others at /api/defense/blocklist?format=plain'
  )
  is(
    list().describe({ ...ban('192.0.2.1'), action: 'throttle' }),
    'offer: offers no entries of type throttle'
  )
  equal(await list().check(signal), [])
})
