/** Two nodes with one key, as two clones of one machine are: both see it, the network sees it, and all go on. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { equal, is } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { HastyClock } from '../../support/hasty-clock.ts'
import { authorsOf, TTL } from '../../support/hostile-scene.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: two nodes with one key', { timeoutMs: 90_000 })
const LONG_MS = 60_000
const ATTEMPTS = 10
/** A reconciliation every two seconds. */
const HASTE = 30
const nowMs = () => new SystemClock().nowMs()

/** The numbers that are next are ahead of the time, as after many events: the clones go on from the same one. */
function reserveAhead({ dataDir }: TestNode): void {
  const file = join(dataDir, 'sequence.json')
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { networks: Record<string, string> }
  for (const id of Object.keys(kept.networks)) kept.networks[id] = String(nowMs() + 1_000_000)
  writeFileSync(file, JSON.stringify(kept))
}

function hasty(cloneOf?: TestNode): TestNode {
  return new TestNode({ clock: new HastyClock(HASTE), ...(cloneOf && { cloneOf }) })
}

function liveOf(node: TestNode, kind: 'equivocation-proof' | 'alert'): number {
  return node.node.status().networks[0]?.liveEvents[kind] ?? 0
}

async function expectHeardInTheEnd(from: TestNode, at: TestNode, id: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const said = await from.node.publish(id, alertOf(`9.9.9.${attempt}`, nowMs()), TTL)
    try {
      await until(() => at.alertIds().includes(said.id), 5_000)
      return
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

test('what they say under one number is void everywhere, both are told, and what each says later is heard', async () => {
  const [a, one] = [hasty(), hasty()]
  let two: TestNode | undefined
  try {
    await Promise.all([a.start(), one.start()])
    const { network, invitation } = await a.node.create({ name: 'net' })
    await one.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2 && authorsOf(one, network.id) === 2)
    await one.stop()
    reserveAhead(one)
    two = hasty(one)
    const twins = [one, two]
    // Each announces itself under the number that both have next.
    await one.start()
    await until(() => a.peerOf(one) !== undefined)
    await two.start()
    is(one.node.status().peerId, two.node.status().peerId)
    await until(() => liveOf(a, 'equivocation-proof') > 0, LONG_MS)
    await until(
      () => twins.every(({ node }) => node.status().keyUsedElsewhereAtMs !== undefined),
      LONG_MS
    )
    is(a.node.status().keyUsedElsewhereAtMs, undefined)
    // Numbers that both took are void, until each has learned those of the other.
    for (const twin of twins) await expectHeardInTheEnd(twin, a, network.id)
    equal(
      [a, ...twins].map(({ failures }) => failures),
      [[], [], []]
    )
  } finally {
    await Promise.all([a, one, two].map((node) => node?.remove()))
  }
})

test('a node that has forgotten what it said is not told that another has its key', async () => {
  const [a, b] = [new TestNode(), new TestNode()]
  let restored: TestNode | undefined
  try {
    await Promise.all([a.start(), b.start()])
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(() => authorsOf(a, network.id) === 2 && authorsOf(b, network.id) === 2)
    await b.stop()
    restored = new TestNode({ cloneOf: b })
    const backupAtMs = nowMs()
    await b.start()
    const said = await b.node.publish(network.id, alertOf('8.8.8.8', nowMs()), TTL)
    await until(() => a.alertIds().includes(said.id))
    await b.stop()
    // Numbers are reserved a fraction of a second ahead of the time.
    await until(() => nowMs() > backupAtMs + 1_000)
    await restored.start()
    await until(() => restored?.alertIds().includes(said.id) === true, LONG_MS)
    is(restored.node.status().keyUsedElsewhereAtMs, undefined)
    is(liveOf(a, 'equivocation-proof'), 0)
  } finally {
    await Promise.all([a, b, restored].map((node) => node?.remove()))
  }
})
