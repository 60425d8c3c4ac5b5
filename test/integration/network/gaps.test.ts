/** Peers that surround a node and show it something that they never give: it suspects them, and looks for others. */
import { randomBytes } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { is } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { FramedStream } from '../../../src/network/host/framed-stream.ts'
import { LiveSet } from '../../../src/network/sync/live-set.ts'
import { SyncResponder } from '../../../src/network/sync/sync-session.ts'
import { EventRepository } from '../../../src/store/event-repository.ts'
import {
  admitByInvitation,
  encodeFetchResponse,
  parseInvitation,
  SYNC_FRAME_BYTES_MAX
} from '../../../src/wire/index.ts'
import { HastyClock } from '../../support/hasty-clock.ts'
import { HostilePeer } from '../../support/hostile-peer.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: gaps', { timeoutMs: 60_000 })
/** As many as a node looks for. */
const SIEGE = 8
/** Ten minutes in half a second, a minute in fifty milliseconds. */
const HASTE = 1_200

/** Answers every comparison by its set, which holds an event that it never gives. */
async function answerFrom(
  peer: HostilePeer,
  set: () => LiveSet,
  onAsked: () => void
): Promise<void> {
  await peer.node.handle(peer.nameOf('sync'), async (stream) => {
    onAsked()
    const framed = new FramedStream(stream, SYNC_FRAME_BYTES_MAX, AbortSignal.timeout(10_000))
    const session = new SyncResponder(set())
    for (;;) {
      const message = await framed.read().catch(() => undefined)
      if (message === undefined) break
      await framed.write(session.receive(message))
    }
    await framed.close()
  })
  await peer.node.handle(peer.nameOf('fetch'), async (stream) => {
    const framed = new FramedStream(stream, 20_000, AbortSignal.timeout(10_000))
    if ((await framed.read()) === undefined) return
    await framed.write(encodeFetchResponse({ refusal: undefined, events: [], hasMore: false }))
    await framed.close()
  })
}

test('a node that is surrounded suspects it, dials others beyond those that it has, and calms down when it is over', async () => {
  const a = await new TestNode({ clock: new HastyClock(HASTE) }).start()
  const { network, invitation } = await a.node.create({ name: 'net' })
  const peers = await Promise.all(
    Array.from({ length: SIEGE + 1 }, () => HostilePeer.start(network.id))
  )
  const [outside, ...around] = peers
  const [messenger] = around
  const state = () => a.node.status().networks[0]
  const isConnectedTo = (peer: HostilePeer) =>
    a.node.host.connections.some(({ remotePeer }) => remotePeer.equals(peer.node.peerId))
  try {
    if (outside === undefined || messenger === undefined) throw new Error('expected peers')
    const kept = new EventRepository(a.db)
    const ofA = () => new LiveSet(kept.places(outside.network, new SystemClock().nowMs()))
    const phantom = { kind: 'alert', tsMs: 1_000_000, id: new Uint8Array(randomBytes(32)) } as const
    let isSiege = false
    let asked = 0
    const shown = () => {
      const set = ofA()
      if (isSiege) set.insert(phantom)
      return set
    }
    for (const peer of around) await answerFrom(peer, shown, () => asked++)
    await answerFrom(outside, ofA, () => undefined)
    await Promise.all(around.map((peer) => peer.meet(a)))
    await until(() => state()?.peers === SIEGE)
    const admission = admitByInvitation(
      { network: outside.network, author: outside.author, nowMs: new SystemClock().nowMs() },
      parseInvitation(invitation)
    )
    const addresses = outside.node.getMultiaddrs().map((address) => multiaddr(address).bytes)
    const announce = outside.seal({
      ...{ kind: 'node-announce', name: '', agent: '', addresses, admission, isLeaving: false }
    })
    await messenger.gossip('ctl', announce.bytes)
    await until(() => state()?.authors === 2)
    const askedBefore = asked
    await until(() => asked > askedBefore + SIEGE)
    is(state()?.isEclipseSuspected, false)
    is(isConnectedTo(outside), false)
    isSiege = true
    await until(() => state()?.isEclipseSuspected === true)
    await until(() => isConnectedTo(outside))
    isSiege = false
    await until(() => state()?.isEclipseSuspected === false)
    is(a.failures.length, 0)
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
    await a.remove()
  }
})
