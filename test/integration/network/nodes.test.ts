/** Real nodes over loopback: what one says reaches the others, and what one missed comes when it is back. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: nodes')
const TTL = { ttlMs: 3_600_000 }
const nowMs = () => new SystemClock().nowMs()

async function startNodes(count: number): Promise<readonly TestNode[]> {
  return await Promise.all(Array.from({ length: count }, () => new TestNode().start()))
}

async function removeAll(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.remove()))
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new Error(`expected an item ${index}`)
  return item
}

function authorsOf(node: TestNode, id: string): number {
  return node.node.status().networks.find((network) => network.id === id)?.authors ?? 0
}

test('three nodes form a network by one invitation, a late one catches up, and so does one that was away', async () => {
  const nodes = await startNodes(4)
  const [a, b, c, d] = [at(nodes, 0), at(nodes, 1), at(nodes, 2), at(nodes, 3)]
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await Promise.all([b.node.join(invitation), c.node.join(invitation)])
    await until(() => [a, b, c].every((node) => authorsOf(node, network.id) === 3))
    const first = await b.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    await until(() => [a, c].every((node) => node.alertIds().includes(first.id)))
    await d.node.join(invitation)
    await until(() => d.alertIds().includes(first.id))
    await c.stop()
    const missed = await b.node.publish(network.id, alertOf('8.8.4.4', nowMs()), TTL)
    await c.start()
    await until(() => c.alertIds().includes(missed.id))
    ok(c.alertIds().includes(first.id))
    equal(
      nodes.map(({ failures }) => failures.length),
      [0, 0, 0, 0]
    )
  } finally {
    await removeAll(nodes)
  }
})

test('the others go on and take a node back when the one that everybody dialed is gone', async () => {
  const nodes = await startNodes(3)
  const [a, b, c] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)]
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await Promise.all([b.node.join(invitation), c.node.join(invitation)])
    await until(() => [b, c].every((node) => authorsOf(node, network.id) === 3))
    await a.stop()
    await c.stop()
    const said = await b.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    await c.start()
    await until(() => c.alertIds().includes(said.id))
  } finally {
    await removeAll(nodes)
  }
})

test('networks of one node are separate, and leaving one keeps nothing of it', async () => {
  const nodes = await startNodes(3)
  const [a, b, c] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)]
  try {
    const one = await a.node.create({ name: 'one' })
    const two = await a.node.create({ name: 'two' })
    await b.node.join(one.invitation)
    await c.node.join(two.invitation)
    await until(() => authorsOf(b, one.network.id) === 2 && authorsOf(c, two.network.id) === 2)
    await until(() => authorsOf(a, one.network.id) === 2 && authorsOf(a, two.network.id) === 2)
    const first = await a.node.publish(one.network.id, alertOf('8.8.8.8', nowMs()), TTL)
    const second = await a.node.publish(two.network.id, alertOf('8.8.4.4', nowMs()), TTL)
    await until(() => b.alertIds().length > 0 && c.alertIds().length > 0)
    equal([b.alertIds(), c.alertIds()], [[first.id], [second.id]])
    await a.node.leave(one.network.id)
    equal(
      a.node.list().map(({ id }) => id),
      [two.network.id]
    )
    equal(a.alertIds(), [second.id])
    await until(() => b.node.peers(one.network.id).length === 0)
    is(a.node.peers().length, 1)
  } finally {
    await removeAll(nodes)
  }
})

test('a node without admission is not heard, and a forged event costs its sender the score', async () => {
  const nodes = await startNodes(3)
  const [a, b, liar] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)]
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await liar.node.join(invitation)
    await until(() => [a, b, liar].every((node) => authorsOf(node, network.id) === 3))
    await until(() => a.peerOf(liar) !== undefined && liar.meshOf(network.id, 'alert') > 0)
    const genuine = liar.sealed(network.id, alertOf('8.8.8.8', nowMs()))
    const forged = Uint8Array.from(genuine)
    const last = forged.length - 40
    forged[last] = (forged[last] ?? 0) ^ 1
    await liar.gossipRaw(network.id, 'alert', forged)
    await until(() => (a.peerOf(liar)?.score ?? 0) < -50)
    equal(a.alertIds(), [])
    const stranger = liar.sealed(network.id, alertOf('8.8.4.4', nowMs()), 'stranger')
    await liar.gossipRaw(network.id, 'alert', stranger)
    const bytes = Buffer.alloc(10_000_000, 0xff)
    await liar.sendRaw(a, network.id, { protocol: 'gossip', bytes })
    const said = await b.node.publish(network.id, alertOf('1.1.1.1', nowMs()), TTL)
    await until(() => a.alertIds().includes(said.id))
    equal(a.alertIds(), [said.id])
  } finally {
    await removeAll(nodes)
  }
})

test('garbage on a stream of reconciliation bans the peer and harms nobody else', async () => {
  const nodes = await startNodes(3)
  const [a, b, liar] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)]
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await liar.node.join(invitation)
    await until(() => [a, b, liar].every((node) => authorsOf(node, network.id) === 3))
    for (const protocol of ['sync', 'fetch'] as const) {
      await liar.sendRaw(a, network.id, { protocol, bytes: Buffer.alloc(5_000, 0xff) })
      await liar.sendRaw(a, network.id, { protocol, bytes: Buffer.from([4, 1, 2, 3, 4]) })
    }
    const said = await b.node.publish(network.id, alertOf('1.1.1.1', nowMs()), TTL)
    await until(() => a.alertIds().includes(said.id))
    equal(
      nodes.map(({ failures }) => failures.length),
      [0, 0, 0]
    )
  } finally {
    await removeAll(nodes)
  }
})

test('an invitation is judged before anything is kept', async () => {
  const [a, b] = await startNodes(2)
  if (a === undefined || b === undefined) throw new Error('expected two nodes')
  try {
    const { invitation } = await a.node.create({ name: 'net' })
    const codeOf = async (text: string) =>
      await b.node.join(text).then(
        () => 'joined',
        (error: { code: string }) => error.code
      )
    is(await codeOf(invitation.slice(0, -5)), 'INVITATION_DAMAGED')
    const expired = await a.node.create({ name: 'old', notAfterMs: 1_000 })
    is(await codeOf(expired.invitation), 'INVITATION_EXPIRED')
    is(b.node.list().length, 0)
    is(await codeOf(invitation), 'joined')
    is(await codeOf(invitation), 'joined')
    is(b.node.list().length, 1)
  } finally {
    await removeAll([a, b])
  }
})
