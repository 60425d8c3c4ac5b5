/** Nodes find each other without knowing more than one, and again when those that they knew are gone. */
import { equal, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { authorsOf, TTL } from '../../support/hostile-scene.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: discovery', { timeoutMs: 90_000 })
const LONG_MS = 60_000
const nowMs = () => new SystemClock().nowMs()

async function withNodes(nodes: readonly TestNode[], play: () => Promise<void>): Promise<void> {
  try {
    await Promise.all(nodes.map((node) => node.start()))
    await play()
    equal(
      nodes.map(({ failures }) => failures),
      nodes.map(() => [])
    )
  } finally {
    await Promise.all(nodes.map((node) => node.remove()))
  }
}

/** Each pair is connected, so nobody depends on anybody between. */
function areAllConnected(nodes: readonly TestNode[]): boolean {
  return nodes.every((one) => nodes.every((two) => one === two || one.peerOf(two) !== undefined))
}

/** As an operator would make it who knows this node alone. */
async function invitationBy(founder: TestNode, id: string, known: TestNode): Promise<string> {
  return await founder.node.invite(id, {
    notAfterMs: nowMs() + TTL.ttlMs,
    addresses: known.node.status().addresses
  })
}

test('in a chain of invitations everybody finds everybody', async () => {
  const [a, b, c, d] = [new TestNode(), new TestNode(), new TestNode(), new TestNode()]
  const nodes = [a, b, c, d]
  await withNodes(nodes, async () => {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2)
    await c.node.join(await invitationBy(a, network.id, b))
    await until(() => authorsOf(a, network.id) === 3)
    await d.node.join(await invitationBy(a, network.id, c))
    await until(() => areAllConnected(nodes), LONG_MS)
    const said = await d.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    await until(() => nodes.every((node) => node.alertIds().includes(said.id)))
  })
})

test('the hash table alone leads to peers whose announces have no address', async () => {
  const [a, b] = [new TestNode(), new TestNode()]
  // Their announces tell nothing that can be dialed.
  const [c, d] = [new TestNode({ tellsAddresses: false }), new TestNode({ tellsAddresses: false })]
  const nodes = [a, b, c, d]
  await withNodes(nodes, async () => {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await c.node.join(await invitationBy(a, network.id, b))
    await d.node.join(await invitationBy(a, network.id, b))
    await until(() => authorsOf(d, network.id) === 4 && authorsOf(c, network.id) === 4)
    await until(() => c.peerOf(d) !== undefined && d.peerOf(c) !== undefined, LONG_MS)
  })
})

test('when every node that was named in an invitation is gone, the others find each other again', async () => {
  const [a, b, c, d, e] = Array.from({ length: 5 }, () => new TestNode())
  ok(a && b && c && d && e)
  const left = [c, d, e]
  await withNodes([a, b, ...left], async () => {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2)
    const byBoth = await a.node.invite(network.id, {
      notAfterMs: nowMs() + TTL.ttlMs,
      addresses: [a, b].flatMap(({ node }) => node.status().addresses)
    })
    for (const node of left) await node.node.join(byBoth)
    await until(() => left.every((node) => authorsOf(node, network.id) === 5))
    for (const node of [a, b, ...left]) await node.stop()
    for (const node of left) await node.start()
    await until(() => areAllConnected(left), LONG_MS)
    const said = await c.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    await until(() => left.every((node) => node.alertIds().includes(said.id)))
    // What the invitation named comes back last, and is taken in.
    await a.start()
    await until(() => a.alertIds().includes(said.id), LONG_MS)
  })
})
