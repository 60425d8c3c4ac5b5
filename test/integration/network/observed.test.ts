/** What an operator is shown of real nodes: whose clock is wrong, whether what he says is passed on, who has spoken. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
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
    const heard: string[] = []
    const times: number[] = []
    two.node.onEvent(({ kind }, via, { authorName, receivedAtMs }) => {
      if (kind !== 'alert') return
      heard.push(`${via} ${authorName}`)
      times.push(receivedAtMs)
    })
    const nowMs = new SystemClock().nowMs()
    await one.node.publish(network.id, alertOf('8.8.8.8', nowMs), { ttlMs: 60_000 })
    await until(() => heard.length === 1)
    equal(heard, ['gossip test'])
    const [listed] = two.node.alerts({ limit: 10 }).items
    equal([listed?.authorName, listed?.receivedAtMs], ['test', times[0]])
  })
})
