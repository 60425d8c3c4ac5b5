/** What an operator is shown of real nodes: whose clock is wrong, whether what he says is passed on, who has spoken. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import type { Heard } from '../../../src/network/network-api.ts'
import { TOPICS } from '../../../src/wire/index.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('what is seen of the network', { timeoutMs: 60_000 })
const AHEAD_MS = 3 * 60_000

/** Somebody has set it wrong. */
class HastyClock extends SystemClock {
  override nowMs(): number {
    return super.nowMs() + AHEAD_MS
  }
}

async function withNodes(nodes: readonly TestNode[], run: () => Promise<void>): Promise<void> {
  try {
    for (const node of nodes) await node.start()
    await run()
  } finally {
    for (const node of nodes) await node.remove()
  }
}

test('a node whose clock is wrong learns it of the others, and they blame theirs not', async () => {
  const [one, two, hasty] = [
    new TestNode(),
    new TestNode(),
    new TestNode({ clock: new HastyClock() })
  ]
  await withNodes([one, two, hasty], async () => {
    is(one.node.status().clockSkewMs, undefined)
    const { invitation } = await one.node.create({ name: 'north' })
    await two.node.join(invitation)
    await hasty.node.join(invitation)
    await until(() => hasty.node.status().clockPeers === 2)
    await until(() => one.node.status().clockPeers === 2)
    const { clockSkewMs = 0 } = hasty.node.status()
    ok(Math.abs(clockSkewMs - AHEAD_MS) < 5_000, `expected 3 minutes, got ${clockSkewMs} ms`)
    ok(Math.abs(one.node.status().clockSkewMs ?? AHEAD_MS) < 5_000)
  })
})

test('a mesh is wanted as soon as somebody listens, and of as many as do', async () => {
  const nodes = [new TestNode(), new TestNode(), new TestNode()]
  await withNodes(nodes, async () => {
    const [one, two, three] = nodes
    ok(one && two && three)
    const { network, invitation } = await one.node.create({ name: 'north' })
    const stateOf = (node: TestNode) => node.node.status().networks[0]
    equal(stateOf(one)?.meshWanted, { alert: 0, vote: 0, list: 0, ctl: 0 })
    for (const node of [two, three]) await node.node.join(invitation)
    await until(() => nodes.every((node) => stateOf(node)?.peers === 2))
    await until(() =>
      nodes.every((node) => TOPICS.every((topic) => stateOf(node)?.meshWanted[topic] === 2))
    )
    await until(() =>
      nodes.every((node) => TOPICS.every((topic) => stateOf(node)?.mesh[topic] === 2))
    )
    equal(stateOf(two)?.bootstrap.length, 1)
    await three.node.leave(network.id)
    await until(() => stateOf(one)?.meshWanted.alert === 1 && stateOf(one)?.mesh.alert === 1)
  })
})

test('whoever listens hears who speaks, and when he was heard', async () => {
  const [one, two] = [new TestNode(), new TestNode()]
  await withNodes([one, two], async () => {
    const { network, invitation } = await one.node.create({ name: 'north' })
    await two.node.join(invitation)
    await until(() => two.meshOf(network.id, 'alert') === 1)
    // A founder is heard before he has announced himself.
    await until(() => two.peerOf(one)?.name === 'test')
    const heard: Heard[] = []
    two.node.onEvent(({ kind }, _via, given) => {
      if (kind === 'alert') heard.push(given)
    })
    const nowMs = new SystemClock().nowMs()
    await one.node.publish(network.id, alertOf('8.8.8.8', nowMs), { ttlMs: 60_000 })
    await until(() => heard.length === 1)
    is(heard[0]?.authorName, 'test')
    const [listed] = two.node.alerts({ limit: 10 }).items
    equal([listed?.authorName, listed?.receivedAtMs], ['test', heard[0]?.receivedAtMs])
  })
})

test('a node that has lost its key sees that nobody takes what it says', async () => {
  const [one, two] = [new TestNode(), new TestNode()]
  await withNodes([one, two], async () => {
    const { network, invitation } = await one.node.create({ name: 'north' })
    await two.node.join(invitation)
    const isAdmitted = (node: TestNode) => node.node.status().networks[0]?.isAdmitted
    equal([isAdmitted(one), isAdmitted(two)], [true, true])
    await two.stop()
    rmSync(join(two.dataDir, 'node.key'))
    await two.start()
    is(isAdmitted(two), false)
    await until(() => two.node.peers(network.id).length === 1)
    await two.node.leave(network.id)
    await two.node.join(await one.node.invite(network.id, { notAfterMs: Date.now() + 60_000 }))
    is(isAdmitted(two), true)
  })
})
