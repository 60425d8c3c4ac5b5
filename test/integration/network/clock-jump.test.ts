/** A clock that jumps, as after a night in which the machine slept: what was missed is asked for at once. */
import { equal, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { findNetworkId, TOPICS, topicName } from '../../../src/wire/index.ts'
import { authorsOf, TTL } from '../../support/hostile-scene.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: clock jump', { timeoutMs: 60_000 })
const MINUTE_MS = 60_000
/** The clock is looked at every five seconds, and a peer asked every minute in any case. */
const AT_ONCE_MS = 30_000
const nowMs = () => new SystemClock().nowMs()

class JumpingClock extends SystemClock {
  aheadMs = 0

  override nowMs(): number {
    return super.nowMs() + this.aheadMs
  }
}

test('after a jump a node has at once what was said while it did not listen', async () => {
  const clock = new JumpingClock()
  const [a, b] = [new TestNode(), new TestNode({ clock })]
  try {
    await Promise.all([a.start(), b.start()])
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
    const { gossip } = b.node.host
    const id = findNetworkId(network.id) ?? new Uint8Array()
    for (const topic of TOPICS) gossip.unsubscribe(topicName(id, topic))
    await until(() => a.meshOf(network.id, 'alert') === 0)
    const lastSync = () => b.node.status().networks[0]?.lastSync?.atMs ?? 0
    const before = lastSync()
    const said = await a.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    ok(!b.alertIds().includes(said.id))
    const jumpedAtMs = nowMs()
    clock.aheadMs = 20 * MINUTE_MS
    await until(() => b.alertIds().includes(said.id), AT_ONCE_MS)
    ok(lastSync() > before)
    ok(nowMs() - jumpedAtMs < AT_ONCE_MS)
    equal([a.failures, b.failures], [[], []])
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})
