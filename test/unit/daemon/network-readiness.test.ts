import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { waitForMesh } from '../../../src/daemon/mesh-wait.ts'
import { nodeReadiness, type ReadinessParts } from '../../../src/daemon/readiness.ts'
import { ServiceNotifier } from '../../../src/daemon/service-notifier.ts'
import type { NetworkState } from '../../../src/network/index.ts'
import { NULL_LOGGER } from '../../../src/telemetry/index.ts'
import { FakeNetwork } from '../../support/fake-network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('readiness of networks')

type Fields = Partial<NetworkState>

const sizes = (alert: number, others = alert) => ({
  ...{ alert, vote: others, list: others, ctl: others }
})

/** A network whose state is what the test says at the moment. */
function networkWith(...given: Fields[]) {
  const fake = new FakeNetwork()
  const [template] = fake.status().networks
  if (template === undefined) throw new Error('expected a network')
  const states = given.map((fields) => ({ ...template, ...fields }))
  return {
    states,
    status: () => ({ ...fake.status(), networks: states })
  }
}

function componentsOf(...given: Fields[]) {
  const parts = {
    intake: { statuses: () => [] },
    guard: { storeProblem: undefined, actuators: () => [] },
    storeWatch: { problem: undefined },
    network: networkWith(...given)
  }
  const [, ...networks] = nodeReadiness(parts as unknown as ReadinessParts).components()
  return networks.map(({ state, detail }) => `${state}: ${detail}`)
}

const MET = { peers: 8, isAlone: false, mesh: sizes(6), meshWanted: sizes(6) }
const ALONE = { peers: 0, isAlone: true, mesh: sizes(0), meshWanted: sizes(0) }

for (const { name, given, expected } of [
  { name: 'in none', given: [], expected: [] },
  { name: 'as many as wanted', given: [MET], expected: ['ok: 8 nodes connected'] },
  {
    name: 'more than wanted',
    given: [{ ...MET, mesh: sizes(12) }],
    expected: ['ok: 8 nodes connected']
  },
  {
    name: 'one node, and it is in the mesh',
    given: [{ ...MET, peers: 1, mesh: sizes(1), meshWanted: sizes(1) }],
    expected: ['ok: 1 node connected']
  },
  {
    name: 'too few on one topic',
    given: [{ ...MET, mesh: sizes(2, 6) }],
    expected: ['degraded: 8 nodes connected; waits for a mesh: 2 of 6 on alert']
  },
  {
    name: 'nobody on any topic',
    given: [{ ...MET, peers: 1, mesh: sizes(0), meshWanted: sizes(1) }],
    expected: [
      'degraded: 1 node connected; waits for a mesh: 0 of 1 on alert, 0 of 1 on vote, 0 of 1 on list, 0 of 1 on ctl'
    ]
  },
  { name: 'alone', given: [ALONE], expected: ['ok: alone: no other node is connected'] },
  {
    name: 'kept apart',
    given: [{ ...MET, isEclipseSuspected: true }],
    expected: ['degraded: 8 nodes connected; its peers may keep it apart from the rest']
  },
  {
    name: 'not admitted',
    given: [{ ...ALONE, isAdmitted: false }],
    expected: [
      'degraded: alone: no other node is connected; nobody takes what it says: its key is not admitted'
    ]
  },
  {
    name: 'two networks, each for itself',
    given: [ALONE, MET],
    expected: ['ok: alone: no other node is connected', 'ok: 8 nodes connected']
  }
] satisfies readonly { name: string; given: Fields[]; expected: string[] }[]) {
  test(`says of its networks: ${name}`, () => equal(componentsOf(...given), expected))
}

interface Waiting {
  readonly clock: ManualClock
  readonly said: string[]
  isOver: boolean
}

function waitOver(
  network: ReturnType<typeof networkWith> | undefined,
  signal = new AbortController().signal
): Waiting {
  const clock = new ManualClock()
  const waiting: Waiting = { clock, said: [], isOver: false }
  const logger = {
    ...NULL_LOGGER,
    info: (_fields: object, text: string) => void waiting.said.push(text)
  }
  void waitForMesh({ network, clock, logger }, signal).then(
    () => {
      waiting.isOver = true
    },
    () => undefined
  )
  return waiting
}

for (const { name, network } of [
  { name: 'networks are turned off', network: undefined },
  { name: 'it is in none', network: networkWith() },
  { name: 'the mesh is there', network: networkWith(MET) },
  { name: 'it knows of nobody else', network: networkWith({ ...ALONE, authors: 1 }) }
] as const) {
  test(`is ready at once where ${name}`, async () => {
    const waiting = waitOver(network)
    await waiting.clock.advance(0)
    is(waiting.isOver, true)
    equal(waiting.said, [])
  })
}

test('waits for a mesh as long as it takes, if that is not long', async () => {
  const network = networkWith({ ...MET, mesh: sizes(5, 6) })
  const waiting = waitOver(network)
  await waiting.clock.advance(3_000)
  is(waiting.isOver, false)
  network.states.splice(0, 1, ...networkWith(MET).states)
  await waiting.clock.advance(200)
  is(waiting.isOver, true)
  equal(waiting.said, [])
})

for (const { name, state, said } of [
  { name: 'alone', state: { ...ALONE, authors: 3 }, said: 'alone in a network that has others' },
  { name: 'without a mesh', state: { ...MET, mesh: sizes(0) }, said: 'no mesh yet in a network' }
]) {
  test(`is ready after ten seconds and says so, ${name}`, async () => {
    const waiting = waitOver(networkWith(state))
    await waiting.clock.advance(9_800)
    is(waiting.isOver, false)
    await waiting.clock.advance(200)
    is(waiting.isOver, true)
    equal(waiting.said, [said])
  })
}

test('a node that is stopped meanwhile waits no longer, and says nothing', async () => {
  const stopping = new AbortController()
  const waiting = waitOver(networkWith({ ...ALONE, authors: 3 }), stopping.signal)
  await waiting.clock.advance(1_000)
  stopping.abort()
  await waiting.clock.advance(60_000)
  is(waiting.isOver, false)
  equal(waiting.said, [])
})

test('stopping the notifier ends the wait for readiness', async () => {
  const ended: string[] = []
  const notifier = new ServiceNotifier(
    { wantsNotification: false, watchdogMs: undefined },
    {
      clock: new ManualClock(),
      logger: { ...NULL_LOGGER, warn: (_fields, text) => void ended.push(text) },
      isHealthy: () => true,
      settled: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            ended.push('ended')
            reject(signal.reason)
          })
        })
    }
  )
  await notifier.start()
  await notifier.stop()
  equal(ended, ['ended'])
})
