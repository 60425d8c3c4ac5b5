/** A decision that was lifted is taken back at all who heard of it, and at those who come later. */
import { equal, is } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { type SharedFacts, ShareService } from '../../../src/defense/index.ts'
import { CATEGORIES } from '../../../src/detection/index.ts'
import { ToldRepository } from '../../../src/store/told-repository.ts'
import { FakeGuard, sampleDecision } from '../../support/fake-guard.ts'
import { alertOf, TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: retract', { timeoutMs: 60_000 })

function sharingOf({ node, db }: TestNode, guard: FakeGuard): ShareService {
  const quiet = () => undefined
  return new ShareService(
    {
      treatAsPublic: [],
      policy: {
        ...{ isEnabled: true, categories: CATEGORIES, typeMin: 'ban' },
        ...{ precision: 'address', includesShadow: false }
      }
    },
    {
      ...{ guard, network: node, isProtected: () => false, clock: new SystemClock() },
      told: new ToldRepository<SharedFacts>(db),
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      metrics: { shared: quiet, kept: quiet, failed: quiet }
    }
  )
}

function banOf(id: string, address: string) {
  return sampleDecision({ id, value: address, prefixes: [`${address}/32`] })
}

/** What a node shows of others: the alerts, and whom how many accuse. */
function shownBy({ node }: TestNode) {
  const threats = node.threats({ limit: 100, accusersMin: 1 }).items
  const [network] = node.status().networks
  return {
    alerts: node
      .alerts({ limit: 100 })
      .items.flatMap(({ body }) => body.indicators.map(({ prefix }) => prefix)),
    accused: threats.map(({ prefix, accusers }) => `${prefix} ${accusers.length}`),
    live: network?.liveEvents.alert
  }
}

const STANDING = {
  alerts: ['8.8.4.4/32'],
  accused: ['8.8.4.4/32 1'],
  live: 1
}

test('others no longer show nor count what was lifted, wherever it was heard, and still what was told with it', async () => {
  const nodes = await Promise.all(Array.from({ length: 3 }, () => new TestNode().start()))
  const [a, b, late] = nodes
  if (!(a && b && late)) throw new Error('expected three nodes')
  const guard = new FakeGuard()
  const signal = new AbortController().signal
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(
      () => b.node.status().networks[0]?.authors === 2 && b.meshOf(network.id, 'alert') > 0
    )
    let sharing = sharingOf(a, guard)
    await sharing.start(signal)
    guard.emit({ kind: 'decided', decision: banOf('one', '8.8.8.8') })
    guard.emit({ kind: 'decided', decision: banOf('two', '8.8.4.4') })
    await until(() => shownBy(b).accused.length === 2)
    equal(shownBy(b).alerts.toSorted(), ['8.8.4.4/32', '8.8.8.8/32'])
    // Somebody else cannot take it back.
    const [heard] = b.node.alerts({ limit: 1 }).items
    const eventId = new Uint8Array(Buffer.from(heard?.id ?? '', 'hex'))
    await b.node.publish(network.id, { kind: 'retract', eventId }, { ttlMs: 3_600_000 })
    await until(() => a.node.status().networks[0]?.liveEvents.retract === 1)
    is(shownBy(b).alerts.length, 2)

    await sharing.stop()
    await a.stop()
    await a.start()
    sharing = sharingOf(a, guard)
    await sharing.start(signal)
    guard.emit({ kind: 'ended', decision: banOf('one', '8.8.8.8'), atMs: 0, why: 'lifted' })
    await sharing.stop()
    await until(() => JSON.stringify(shownBy(b)) === JSON.stringify(STANDING))
    await b.stop()
    await b.start()
    equal(shownBy(b), STANDING)
    await late.node.join(invitation)
    await until(() => JSON.stringify(shownBy(late)) === JSON.stringify(STANDING))
    const said = await b.node.publish(network.id, alertOf('1.1.1.1', new SystemClock().nowMs()), {
      ttlMs: 3_600_000
    })
    await until(() => late.alertIds().includes(said.id))
    equal(
      nodes.map(({ failures }) => failures.length),
      [0, 0, 0]
    )
  } finally {
    await Promise.all(nodes.map((node) => node.remove()))
  }
})
