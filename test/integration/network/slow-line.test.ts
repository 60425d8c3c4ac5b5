/** A peer that did not answer in time, as over a line that was dead, and is there again. */
import type { Stream } from '@libp2p/interface'
import { is } from 'uvu/assert'
import { HostilePeer } from '../../support/hostile-peer.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: slow line', { timeoutMs: 75_000 })
/** What a session may take, and a little. */
const DEADLINE_MS = 35_000
/** Without the new connection it would be five minutes. */
const AT_ONCE_MS = 10_000

test('whoever let a session run out is asked again as soon as he connects anew', async () => {
  const a = await new TestNode().start()
  const { network } = await a.node.create({ name: 'net' })
  const silent = await HostilePeer.start(network.id)
  const sessions: Stream[] = []
  try {
    await silent.node.handle(silent.nameOf('sync'), (stream) => {
      sessions.push(stream)
    })
    await silent.meet(a)
    await until(() => a.node.status().networks[0]?.lastSync?.outcome === 'failed', DEADLINE_MS)
    is(sessions.length, 1)
    await silent.node.hangUp(silent.idOf(a))
    await until(() => a.node.host.connections.length === 0)
    await silent.dial(a)
    await until(() => sessions.length === 2, AT_ONCE_MS)
  } finally {
    await silent.stop()
    await a.remove()
  }
})
