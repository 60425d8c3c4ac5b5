/** Real nodes over loopback: what one says reaches the others, and what one missed comes when it is back. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { FramedStream } from '../../../src/network/host/framed-stream.ts'
import { busyFrame } from '../../../src/network/sync-protocol/handler.ts'
import { SYNC_FRAME_BYTES_MAX } from '../../../src/wire/index.ts'
import { HostilePeer } from '../../support/hostile-peer.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: nodes', { timeoutMs: 60_000 })
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

async function startPair(): Promise<readonly [TestNode, TestNode]> {
  const nodes = await startNodes(2)
  return [at(nodes, 0), at(nodes, 1)]
}

function isConnected({ node }: TestNode, peerId: string): boolean {
  return node.host.connections.some(({ remotePeer }) => remotePeer.toString() === peerId)
}

function lastOutcome({ node }: TestNode): string | undefined {
  return node.status().networks[0]?.lastSync?.outcome
}

async function rejects(work: () => Promise<unknown>): Promise<void> {
  const isRejected = await work().then(
    () => false,
    () => true
  )
  ok(isRejected, 'expected a rejection')
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

const FAULTS: readonly (readonly [string, 'sync' | 'fetch', Uint8Array])[] = [
  ['a frame that is too long', 'sync', Buffer.alloc(5_000, 0xff)],
  ['a frame that is none', 'sync', Buffer.from([4, 1, 2, 3, 4])],
  ['a request that is too long', 'fetch', Buffer.alloc(5_000, 0xff)],
  ['a request that is none', 'fetch', Buffer.from([4, 1, 2, 3, 4])]
]

for (const [name, protocol, bytes] of FAULTS) {
  test(`${name} on a stream that a peer opens (${protocol}) bans the peer and harms nobody else`, async () => {
    const [a, b] = await startPair()
    const { network, invitation } = await a.node.create({ name: 'net' })
    const liar = await HostilePeer.start(network.id)
    try {
      await b.node.join(invitation)
      await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
      await liar.meet(a)
      const stream = await liar.open(a, protocol)
      stream.send(bytes)
      await until(() => a.node.host.isBanned(liar.peerId))
      await until(() => !isConnected(a, liar.peerId))
      await rejects(() => liar.open(a, protocol))
      is(isConnected(a, liar.peerId), false)
      const said = await b.node.publish(network.id, alertOf('1.1.1.1', nowMs()), TTL)
      await until(() => a.alertIds().includes(said.id))
      equal([a.failures, b.failures], [[], []])
    } finally {
      await liar.stop()
      await removeAll([a, b])
    }
  })
}

test('a peer that is busy, slow or cut off in the middle of a message is not banned', async () => {
  const [a, b] = await startPair()
  const { network } = await a.node.create({ name: 'net' })
  const slow = await HostilePeer.start(network.id)
  try {
    await slow.node.handle(slow.nameOf('sync'), async (stream) => {
      const framed = new FramedStream(stream, SYNC_FRAME_BYTES_MAX, AbortSignal.timeout(10_000))
      await framed.read()
      await framed.write(busyFrame())
      await framed.close()
    })
    await slow.meet(a)
    // Two sessions at once, one of which is told that there is no room, and half a message in both.
    for (const protocol of ['sync', 'sync', 'fetch'] as const) {
      const stream = await slow.open(a, protocol)
      stream.send(Uint8Array.of(200, 1, 2))
      await stream.close()
    }
    await until(() => lastOutcome(a) === 'busy')
    is(a.node.host.isBanned(slow.peerId), false)
    is(isConnected(a, slow.peerId), true)
  } finally {
    await slow.stop()
    await removeAll([a, b])
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
