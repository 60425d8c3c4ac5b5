/** Nodes that cannot be dialed: they listen nowhere but at a relay, and take part all the same. */
import { noise } from '@chainsafe/libp2p-noise'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { equal, is, ok, unreachable } from 'uvu/assert'
import { NetminderError, SystemClock } from '../../../src/base/index.ts'
import { TTL } from '../../support/hostile-scene.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: behind NAT', { timeoutMs: 90_000 })
const LONG_MS = 60_000
const nowMs = () => new SystemClock().nowMs()

function hidden(at = ''): TestNode {
  return new TestNode({ listen: `${at}/p2p-circuit`, hasNatTraversal: true })
}

/** Of the connection with the other one. */
function addressAt(node: TestNode, other: TestNode): string {
  return node.peerOf(other)?.addresses[0] ?? ''
}

function areRelayed(one: TestNode, two: TestNode): boolean {
  return [addressAt(one, two), addressAt(two, one)].every((text) => text.includes('/p2p-circuit'))
}

async function expectTalk(one: TestNode, two: TestNode, id: string): Promise<void> {
  const there = await one.node.publish(id, alertOf('8.8.8.8', nowMs()), TTL)
  await until(() => two.alertIds().includes(there.id))
  const back = await two.node.publish(id, alertOf('8.8.4.4', nowMs()), TTL)
  await until(() => one.alertIds().includes(back.id))
}

test('two nodes talk and catch up over a relay alone, which is in no network', async () => {
  const relay = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), relay: circuitRelayServer() }
  })
  const address = String(relay.getMultiaddrs()[0])
  const [one, two] = [hidden(address), hidden(address)]
  try {
    await Promise.all([one.start(), two.start()])
    await until(() => one.node.status().addresses.length > 0, LONG_MS)
    for (const told of one.node.status().addresses) ok(told.includes('/p2p-circuit'), told)
    const { network, invitation } = await one.node.create({ name: 'net' })
    await two.node.join(invitation)
    await until(() => areRelayed(one, two), LONG_MS)
    await expectTalk(one, two, network.id)
    await two.stop()
    const missed = await one.node.publish(network.id, alertOf('9.9.9.9', nowMs()), TTL)
    await two.start()
    await until(() => two.alertIds().includes(missed.id), LONG_MS)
    ok(areRelayed(one, two))
    equal([one.failures, two.failures], [[], []])
  } finally {
    await Promise.all([one.remove(), two.remove()])
    await relay.stop()
  }
})

test('a node lends its line: those who joined by it find a relay in it, tell so, and are dialed by each other', async () => {
  const relay = new TestNode({ hasNatTraversal: true })
  const [one, two] = [hidden(), hidden()]
  try {
    await Promise.all([relay.start(), one.start(), two.start()])
    const { network, invitation } = await relay.node.create({ name: 'net' })
    equal(one.node.status().addresses, [])
    await Promise.all([one.node.join(invitation), two.node.join(invitation)])
    await until(() => [one, two].every(({ node }) => node.status().addresses.length > 0), LONG_MS)
    await until(() => areRelayed(one, two), LONG_MS)
    await expectTalk(one, two, network.id)
    await expectTalk(relay, one, network.id)
    await relay.stop()
    await until(() => one.node.status().addresses.length === 0)
    await relay.start()
    await until(() => areRelayed(one, two), LONG_MS)
    await expectTalk(one, two, network.id)
    equal(
      [relay, one, two].map(({ failures }) => failures),
      [[], [], []]
    )
  } finally {
    await Promise.all([relay, one, two].map((node) => node.remove()))
  }
})

test('it is off unless it is wanted: no protocol of it is spoken, and a relay is nowhere to listen', async () => {
  const without = await new TestNode().start()
  const withIt = await new TestNode({ hasNatTraversal: true }).start()
  const protocolsOf = ({ node }: TestNode) =>
    node.host.node.getProtocols().filter((name) => /relay|dcutr|autonat/.test(name))
  try {
    equal(protocolsOf(without), [])
    is(protocolsOf(withIt).length, 4)
  } finally {
    await Promise.all([without.remove(), withIt.remove()])
  }
  const lost = new TestNode({ listen: '/p2p-circuit' })
  try {
    await lost.start()
    unreachable('expected that it does not start')
  } catch (error) {
    is(error instanceof NetminderError && error.code, 'LISTEN_FAILED')
  } finally {
    await lost.remove()
  }
})
