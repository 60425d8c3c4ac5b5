/** Whether a connection is alive is asked seldom, and not by all nodes at once. */
import { ok } from 'uvu/assert'
import { TestNode } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: pings', { timeoutMs: 60_000 })

interface Monitored {
  readonly components: { readonly connectionMonitor: { readonly pingIntervalMs: number } }
}

function pingIntervalOf({ node }: TestNode): number {
  // libp2p keeps it to itself.
  return (node.host.node as unknown as Monitored).components.connectionMonitor.pingIntervalMs
}

test('a connection is asked every half to whole minute, at each node at its own pace', async () => {
  const nodes = [new TestNode(), new TestNode(), new TestNode(), new TestNode()]
  try {
    for (const node of nodes) await node.start()
    const intervals = nodes.map(pingIntervalOf)
    for (const interval of intervals) ok(interval >= 30_000 && interval < 60_000, String(interval))
    ok(new Set(intervals).size > 1, intervals.join(' '))
  } finally {
    for (const node of nodes) await node.remove()
  }
})
