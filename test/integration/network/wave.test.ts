/** A wave of bans beyond what others listen to in an hour: all are told in the end, and what was wrong is taken back at once. */
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { type Decision, type SharedFacts, ShareService } from '../../../src/defense/index.ts'
import { CATEGORIES } from '../../../src/detection/index.ts'
import { DecisionRepository } from '../../../src/store/decision-repository.ts'
import { ToldRepository } from '../../../src/store/told-repository.ts'
import { FakeGuard, sampleDecision } from '../../support/fake-guard.ts'
import { TestNode, until } from '../../support/network-node.ts'
import { uuidOf } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: a wave of bans', { timeoutMs: 60_000 })
const HOUR_MS = 3_600_000
const WAVE = 200

/** Runs like the machine's, from where it is put. */
class SetClock extends SystemClock {
  aheadMs = 0

  override nowMs(): number {
    return super.nowMs() + this.aheadMs
  }
}

function sharingOf({ node, db }: TestNode, guard: FakeGuard, clock: SetClock): ShareService {
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
      ...{ guard, network: node, isProtected: () => false, clock },
      told: new ToldRepository<SharedFacts>(db),
      decisions: new DecisionRepository<Decision>(db),
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      metrics: { shared: quiet, kept: quiet, failed: quiet, unsaid: quiet }
    }
  )
}

function namedBy({ node }: TestNode): readonly string[] {
  return node
    .alerts({ limit: 1_000 })
    .items.flatMap(({ body }) => body.indicators.map(({ prefix }) => prefix))
}

function accusedBy({ node }: TestNode): readonly string[] {
  const { items } = node.threats({ limit: 1_000, accusersMin: 1 })
  return items.flatMap(({ prefix, accusers }) => (accusers.length > 0 ? [prefix] : []))
}

test('two hundred bans at once are all told, over two hours, and a lift in between is told at once', async () => {
  const clock = new SetClock()
  // Early in an hour, so that it does not end in the middle of the test.
  clock.aheadMs = HOUR_MS - (clock.nowMs() % HOUR_MS) + 1_000
  const [a, b] = await Promise.all([
    new TestNode({ clock }).start(),
    new TestNode({ clock }).start()
  ])
  const guard = new FakeGuard()
  const signal = new AbortController().signal
  try {
    const { network, invitation } = await a.node.create({ name: 'net' })
    await b.node.join(invitation)
    await until(
      () =>
        b.node.status().networks[0]?.authors === 2 &&
        a.meshOf(network.id, 'alert') > 0 &&
        a.meshOf(network.id, 'vote') > 0 &&
        a.meshOf(network.id, 'ctl') > 0
    )
    const decisions = new DecisionRepository<Decision>(a.db)
    const bans = Array.from({ length: WAVE }, (_, i) =>
      sampleDecision({
        ...{ id: uuidOf(i), value: `9.9.9.${i}`, prefixes: [`9.9.9.${i}/32`] },
        ...{ createdAtMs: clock.nowMs(), untilMs: clock.nowMs() + 12 * HOUR_MS }
      })
    )
    const voted = new Set<string>()
    b.node.onEvent(({ body }) => {
      if (body.kind !== 'vote') return
      for (const { prefix, stance } of body.votes) if (stance === 'block') voted.add(prefix)
    })
    let sharing = sharingOf(a, guard, clock)
    await sharing.start(signal)
    for (const decision of bans) {
      decisions.insert(decision)
      guard.emit({ kind: 'decided', decision })
    }
    await until(() => new Set(namedBy(b)).size === WAVE)
    await until(() => voted.size === 120)
    const { unsaid, why } = sharing.status()
    is(unsaid, WAVE - 120)
    ok(why?.includes('in this hour'), why)

    const [accused] = voted
    const wrong = bans.find(({ prefixes }) => prefixes[0] === accused)
    if (wrong === undefined) throw new Error('expected the ban')
    const lifted = { ...wrong, liftedAtMs: clock.nowMs(), liftedBy: 'token:admin' }
    decisions.update(lifted)
    guard.emit({ kind: 'ended', decision: lifted, atMs: clock.nowMs(), why: 'lifted' })
    await until(() => !accusedBy(b).includes(accused ?? ''))
    is(new Set(namedBy(b)).size, WAVE - 1)

    // The node stops and comes back an hour later: what it has said, and what not, is on its disk.
    await sharing.stop()
    clock.aheadMs += HOUR_MS
    sharing = sharingOf(a, guard, clock)
    await sharing.start(signal)
    await until(() => voted.size === WAVE)
    is(accusedBy(b).length, WAVE - 1)
    is(new Set(namedBy(b)).size, WAVE - 1)
    is(sharing.status().unsaid, 0)
    await sharing.stop()
    equal([a.failures.length, b.failures.length], [0, 0])
  } finally {
    await Promise.all([a.remove(), b.remove()])
  }
})
