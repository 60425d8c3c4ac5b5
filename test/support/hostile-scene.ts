/** Two honest nodes of one network, and a hostile peer that knows the first one. */
import { equal } from 'uvu/assert'
import { SystemClock } from '../../src/base/index.ts'
import { HostilePeer } from './hostile-peer.ts'
import { alertOf, TestNode, until } from './network-node.ts'

export const TTL = { ttlMs: 3_600_000 }

export interface HostileScene {
  readonly a: TestNode
  readonly b: TestNode
  readonly id: string
  readonly invitation: string
  readonly hostile: HostilePeer
}

export interface HostileOptions {
  /** Before the hostile peer dials. */
  readonly prepare?: (hostile: HostilePeer) => Promise<void>
  /** What it does first: it may be let go of before it has heard anything. @default 'meet' */
  readonly meet?: 'meet' | 'dial'
}

export async function withHostile(
  play: (scene: HostileScene) => Promise<void>,
  { prepare, meet = 'meet' }: HostileOptions = {}
): Promise<void> {
  const [a, b] = await Promise.all([new TestNode().start(), new TestNode().start()])
  let hostile: HostilePeer | undefined
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
    await until(() => b.meshOf(network.id, 'alert') > 0 && a.meshOf(network.id, 'alert') > 0)
    hostile = await HostilePeer.start(network.id)
    await prepare?.(hostile)
    await hostile[meet](a)
    await play({ a, b, id: network.id, invitation, hostile })
    equal([a.failures, b.failures], [[], []])
  } finally {
    await hostile?.stop()
    await Promise.all([a.remove(), b.remove()])
  }
}

export function authorsOf(node: TestNode, id: string): number {
  return node.node.status().networks.find((network) => network.id === id)?.authors ?? 0
}

/** B says it, and A hears it whatever the hostile peer does. */
export async function expectHeard({ a, b, id }: HostileScene, address: string): Promise<string> {
  const body = alertOf(address, new SystemClock().nowMs())
  const said = await b.node.publish(id, body, TTL)
  await until(() => a.alertIds().includes(said.id))
  return said.id
}
