/** Peers that open and drop connections, ever new ones, and streams that trickle: nothing grows, and everything comes to an end. */
import { readdirSync } from 'node:fs'
import { equal, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { LiveSet } from '../../../src/network/sync/live-set.ts'
import { SyncProtocol } from '../../../src/network/sync-protocol/sync-protocol.ts'
import { HastyClock } from '../../support/hasty-clock.ts'
import { HostilePeer } from '../../support/hostile-peer.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: churn', { timeoutMs: 120_000 })
/** Ten seconds in a fifth of one. */
const HASTE = 50
const PEERS = 40
const ROUNDS = 6
/** Of so many peers. */
const STRAGGLERS_MAX = 2

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

/** Everything that is kept of peers. */
async function kept({ node }: TestNode) {
  const { host } = node
  return {
    connections: host.connections.length,
    peers: node.status().networks[0]?.peers,
    gossip: host.gossip.getPeers().length,
    scores: host.gossip.score.peerStats.size,
    stored: (await host.node.peerStore.all()).length
  }
}

test('hundreds of connections that open and drop, under ever new keys, leave nothing behind', async () => {
  const a = await new TestNode({ clock: new HastyClock(HASTE) }).start()
  const b = await new TestNode().start()
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => a.node.status().networks[0]?.authors === 2)
    await until(() => a.meshOf(network.id, 'alert') > 0 && b.meshOf(network.id, 'alert') > 0)
    const before = await kept(a)
    equal(before, { connections: 1, peers: 1, gossip: 1, scores: 1, stored: before.stored })
    const filesBefore = openFiles()
    let dropped = 0
    for (let from = 0; from < PEERS; from += 10) {
      const batch = await Promise.all(
        Array.from({ length: 10 }, () => HostilePeer.start(network.id))
      )
      for (const peer of batch) {
        // One of the network, as far as can be seen.
        await peer.node.handle(peer.nameOf('sync'), (stream) => stream.abort(new Error('no')))
      }
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(
          batch.map(async (peer) => {
            await peer.dial(a)
            // Half of them before anything is known of them.
            if (round % 2 === 1) await until(() => isKnown(a, peer))
            await peer.node.hangUp(peer.idOf(a))
            dropped++
          })
        )
      }
      await Promise.all(batch.map((peer) => peer.stop()))
    }
    equal(dropped, PEERS * ROUNDS)
    let after = await kept(a)
    const isAsBefore = () => {
      void kept(a).then((now) => {
        after = now
      })
      // What libp2p writes while a connection ends may come after it was forgotten; it expires with its addresses.
      const stored = after.stored <= before.stored + STRAGGLERS_MAX ? before.stored : after.stored
      return JSON.stringify({ ...after, stored }) === JSON.stringify(before)
    }
    await until(isAsBefore).catch(() =>
      ok(false, `${JSON.stringify(after)}, before ${JSON.stringify(before)}`)
    )
    ok(openFiles() <= filesBefore + 2, `${openFiles()} files, ${filesBefore} before`)
    const nowMs = new SystemClock().nowMs()
    const said = await b.node.publish(network.id, alertOf('8.8.8.8', nowMs), { ttlMs: 3_600_000 })
    await until(() => a.alertIds().includes(said.id))
    equal([a.failures, b.failures], [[], []])
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})

function isKnown({ node }: TestNode, peer: HostilePeer): boolean {
  return node.host.gossip.getPeers().some((other) => other.equals(peer.node.peerId))
}

test('a session in which the peer trickles bytes ends at its deadline, and is no fault', async () => {
  const a = await new TestNode().start()
  const { network } = await a.node.create({ name: 'net' })
  const hostile = await HostilePeer.start(network.id)
  try {
    let trickled = 0
    await hostile.answer('sync', async (stream) => {
      // The head of a frame of 50 000 bytes, and then a byte now and then.
      stream.send(Uint8Array.of(0xd0, 0x86, 0x03))
      while (stream.status === 'open' && trickled < 500) {
        stream.send(Uint8Array.of(0))
        trickled++
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
    await hostile.dial(a)
    await until(() => a.node.host.connections.length === 1)
    const { host } = a.node
    const sync = new SyncProtocol(
      hostile.network,
      new LiveSet(),
      { host, clock: new SystemClock(), onDifference: () => undefined, isAuthor: () => false },
      { timeoutMs: 500 }
    )
    const error = await sync.reconcile(hostile.node.peerId, new AbortController().signal).then(
      () => undefined,
      (reason: Error) => reason
    )
    equal(error?.name, 'TimeoutError')
    equal(a.node.host.isBanned(hostile.peerId), false)
    ok(trickled > 1)
  } finally {
    await hostile.stop()
    await a.remove()
  }
})
