/** Whether a connection is alive is asked seldom, and not by all nodes at once. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { is, ok } from 'uvu/assert'
import { readOrCreateSecret } from '../../../src/store/secret-file.ts'
import { sha256, signerFromSeed } from '../../../src/wire/index.ts'
import { addressOf } from '../../support/hostile-peer.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: pings', { timeoutMs: 90_000 })

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

/** As often as any: half a minute and a little. */
function eagerSeed(): string {
  for (;;) {
    const seed = new Uint8Array(randomBytes(32))
    if ((sha256(signerFromSeed(seed).publicKey)[0] ?? 255) < 4)
      return Buffer.from(seed).toString('hex')
  }
}

const PEER = fileURLToPath(new URL('../../support/stopped-peer.ts', import.meta.url))
/** An interval, what an answer may take, and as much again for a busy machine. */
const NOTICED_MS = 70_000

test('a peer that stands still is noticed by the next ping and let go', async () => {
  const node = new TestNode()
  readOrCreateSecret(node.keyFile, eagerSeed)
  await node.start()
  const child = spawn(process.execPath, [PEER, addressOf(node)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  try {
    await once(child.stdout, 'data')
    await until(() => node.node.host.connections.length === 1)
    child.kill('SIGSTOP')
    is(node.node.host.connections.length, 1)
    await until(() => node.node.host.connections.length === 0, NOTICED_MS)
  } finally {
    child.kill('SIGKILL')
    await node.remove()
  }
})
