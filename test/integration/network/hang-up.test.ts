/** A peer that takes a call and hangs up at once, as whoever has banned this node does. */
import type { PeerId } from '@libp2p/interface'
import { match, ok } from 'uvu/assert'
import { authorsOf } from '../../support/hostile-scene.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: hang-up', { timeoutMs: 60_000 })
const WATCHED_MS = 10_000
/** At once, after one second, two, four, and as many for what is dialed before the first hang-up is seen. */
const CALLS_MAX = 10

test('a peer that hangs up is called a few times, not without end, and nothing is asked of one that is gone', async () => {
  const [a, b] = [new TestNode(), new TestNode()]
  try {
    await Promise.all([a.start(), b.start()])
    const { network, invitation } = await b.node.create({ name: 'net' })
    await a.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
    const idOf = (node: TestNode): PeerId => node.node.host.peerId
    let calls = 0
    a.node.host.node.addEventListener('connection:open', ({ detail: { direction } }) => {
      if (direction === 'outbound') calls++
    })
    await b.node.host.ban(idOf(a), 'protocol')
    await until(() => a.node.host.connections.length === 0)
    const asked = a.node.host.openStream(idOf(b), '/ipfs/ping/1.0.0', AbortSignal.timeout(5_000))
    match(await asked.then(() => 'opened', String), /still connected/)
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
    ok(calls >= 1 && calls <= CALLS_MAX, `${calls} calls`)
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})
