/** Leaving: nothing of the network is left here, the others know it, and coming back is coming anew. */
import type { PeerId } from '@libp2p/interface'
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { EventRepository } from '../../../src/store/event-repository.ts'
import { decodeEvent, findNetworkId, type NodeAnnounceBody } from '../../../src/wire/index.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: leaving', { timeoutMs: 60_000 })
const TTL = { ttlMs: 3_600_000 }
const nowMs = () => new SystemClock().nowMs()

function authorsOf({ node }: TestNode, id: string): number {
  return node.status().networks.find((network) => network.id === id)?.authors ?? 0
}

function countOf({ db }: TestNode, table: string, condition = '1'): number {
  const sql = `SELECT count(*) AS count FROM ${table} WHERE ${condition}`
  return db.prepare<[], { readonly count: number }>(sql).find()?.count ?? Number.NaN
}

function peerIdOf({ node }: TestNode): PeerId {
  return node.host.peerId
}

async function knows({ node }: TestNode, peers: readonly PeerId[]): Promise<readonly boolean[]> {
  return await Promise.all(peers.map((peer) => node.host.node.peerStore.has(peer)))
}

/** The newest word of an author about himself, as a node keeps it. */
function lastAnnounce(
  { db }: TestNode,
  network: string,
  author: string
): NodeAnnounceBody | undefined {
  const id = findNetworkId(network) ?? new Uint8Array(0)
  const query = { network: id, kind: 'node-announce', nowMs: nowMs(), limit: 100 } as const
  const events = new EventRepository(db).live(query).map(({ envelope }) => decodeEvent(envelope))
  const own = events.filter((event) => Buffer.from(event.author).toString('hex') === author)
  const { body } = own.toSorted((one, two) => Number(one.seq - two.seq)).at(-1) ?? {}
  return body?.kind === 'node-announce' ? body : undefined
}

test('a network that was left leaves nothing here, tells the others, and can be joined again', async () => {
  const nodes = await Promise.all(Array.from({ length: 4 }, () => new TestNode().start()))
  const [a, b, c, d] = nodes
  if (!(a && b && c && d)) throw new Error('expected four nodes')
  try {
    const one = await b.node.create({ name: 'one' })
    const two = await c.node.create({ name: 'two' })
    for (const node of [a, c, d]) await node.node.join(one.invitation)
    await a.node.join(two.invitation)
    await until(() => nodes.every((node) => authorsOf(node, one.network.id) === 4))
    await until(() => [a, c].every((node) => authorsOf(node, two.network.id) === 2))
    const own = await a.node.publish(one.network.id, alertOf('8.8.8.8', nowMs()), TTL)
    const remote = await b.node.publish(one.network.id, alertOf('8.8.4.4', nowMs()), TTL)
    const kept = await c.node.publish(two.network.id, alertOf('1.1.1.1', nowMs()), TTL)
    await until(() => a.alertIds().length === 3 && b.alertIds().length === 2)
    const author = a.node.status().author
    const [ofB, ofC, ofD] = [peerIdOf(b), peerIdOf(c), peerIdOf(d)]
    await until(() => a.node.peers().length === 3)
    // Gone from the line, but not from memory.
    await d.stop()
    await until(() => a.node.peers().every(({ peerId }) => peerId !== ofD.toString()))
    equal(await knows(a, [ofB, ofC, ofD]), [true, true, true])

    await a.node.leave(one.network.id)
    equal(a.alertIds(), [kept.id])
    is(countOf(a, 'network'), 1)
    is(countOf(a, 'author'), 2)
    is(countOf(a, 'event', "kind = 'alert'"), 1)
    equal(await knows(a, [ofB, ofC, ofD]), [false, true, false])
    is(countOf(a, 'peer_value', `key LIKE '%${one.network.id}%'`), 0)
    await until(() => lastAnnounce(b, one.network.id, author)?.isLeaving === true)
    await until(() => lastAnnounce(c, one.network.id, author)?.isLeaving === true)
    await until(() => b.node.peers().every(({ peerId }) => peerId !== a.node.status().peerId))
    // What it said was said: it ends in its time.
    ok(b.alertIds().includes(own.id))

    await a.stop()
    await a.start()
    equal(
      a.node.list().map(({ id }) => id),
      [two.network.id]
    )
    equal(await knows(a, [ofB, ofC, ofD]), [false, true, false])

    await a.node.join(one.invitation)
    await until(() => a.alertIds().includes(remote.id))
    await until(() => lastAnnounce(b, one.network.id, author)?.isLeaving === false)
    const again = await a.node.publish(one.network.id, alertOf('9.9.9.9', nowMs()), TTL)
    await until(() => b.alertIds().includes(again.id))
    equal(
      [a, b, c].map(({ failures }) => failures.length),
      [0, 0, 0]
    )
  } finally {
    await Promise.all(nodes.map((node) => node.remove()))
  }
})
