/** A clock that jumps, as after a night in which the machine slept: what was missed is asked for at once. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { authorsOf, TTL } from '../../support/hostile-scene.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: clock jump', { timeoutMs: 60_000 })
/** Less than what is still heard by gossip. */
const JUMP_MS = 8 * 60_000
/** The clock is looked at every five seconds, and a peer asked every minute in any case. */
const AT_ONCE_MS = 30_000
const QUIET_MS = 12_000
const nowMs = () => new SystemClock().nowMs()

class JumpingClock extends SystemClock {
  aheadMs = 0

  override nowMs(): number {
    return super.nowMs() + this.aheadMs
  }
}

/** Two that hear each other, the second by a clock that can be set. */
async function pair() {
  const clock = new JumpingClock()
  const [a, b] = [new TestNode(), new TestNode({ clock })]
  await Promise.all([a.start(), b.start()])
  const { network, invitation } = await a.node.create({ name: 'net' })
  await b.node.join(invitation)
  await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
  await until(() => a.meshOf(network.id, 'alert') > 0 && b.meshOf(network.id, 'alert') > 0)
  return { clock, a, b, network }
}

test('a node whose clock falls behind bans nobody for what seems to come from the future', async () => {
  const { clock, a, b, network } = await pair()
  try {
    clock.aheadMs = -2 * 3_600_000
    let said = 0
    // The clock is looked at every five seconds: before that, and after.
    for (const restMs of [0, 6_000]) {
      await clock.sleep(restMs)
      for (let i = 0; i < 4; i++, said++) {
        await a.node.publish(network.id, alertOf(`8.8.4.${said + 1}`, nowMs()), TTL)
      }
      // The score is added up once a second.
      await clock.sleep(1_500)
      const score = b.node.host.gossip.getScore(a.node.status().peerId)
      ok(score >= 0, `a score of ${score}`)
    }
    equal(b.node.status().bannedPeers, { protocol: 0, flood: 0, gossip: 0 })
    is(b.node.status().connectedPeers, 1)
    clock.aheadMs = 0
    await until(() => b.alertIds().length === said, AT_ONCE_MS)
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})

test('who was banned for gossip is dialed again as soon as the clock is set', async () => {
  const { clock, a, b } = await pair()
  try {
    await b.node.host.ban(a.node.host.peerId, 'gossip')
    await until(() => b.node.host.connections.length === 0)
    is(b.node.status().bannedPeers.gossip, 1)
    clock.aheadMs = JUMP_MS
    await until(() => b.node.status().connectedPeers === 1, AT_ONCE_MS)
    is(b.node.status().bannedPeers.gossip, 0)
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})

test('after a jump a node asks at once what it missed', async () => {
  const clock = new JumpingClock()
  const [a, b] = [new TestNode(), new TestNode({ clock })]
  try {
    await Promise.all([a.start(), b.start()])
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
    // What the newcomer brought has gone round: nobody asks anybody any more, until the minute is over.
    const lastSync = () => b.node.status().networks[0]?.lastSync?.atMs ?? 0
    await until(() => lastSync() > 0 && nowMs() - lastSync() > QUIET_MS, 2 * QUIET_MS)
    const before = lastSync()
    const jumpedAtMs = nowMs()
    clock.aheadMs = JUMP_MS
    // By the clock that jumped.
    await until(() => lastSync() >= before + JUMP_MS, AT_ONCE_MS)
    ok(nowMs() - jumpedAtMs < AT_ONCE_MS)
    const said = await a.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    await until(() => b.alertIds().includes(said.id))
    equal([a.failures, b.failures], [[], []])
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})
