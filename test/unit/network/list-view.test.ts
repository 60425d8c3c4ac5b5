/** Lists that others publish: the same in whatever order their changes came, bounded, and gone with their authors. */
import { equal, is, ok } from 'uvu/assert'
import { getPrefix } from '../../../src/base/index.ts'
import { ListView } from '../../../src/network/list-view.ts'
import {
  type FoundThreats,
  noteListed,
  noteThreat,
  rankThreats,
  threatOf
} from '../../../src/network/threats.ts'
import { type EventBody, networkIdText, type SignedNetworkEvent } from '../../../src/wire/index.ts'
import {
  Author,
  admitByFounder,
  announceOf,
  FOUNDER,
  makeNode,
  NETWORK,
  type NodeRig,
  revokeBody
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: lists that are published')
const OWN = new Author('self')
const HOUR_MS = 3_600_000
let node: NodeRig
let view: ListView
let alice: Author
let bob: Author

test.beforeEach(async () => {
  node = makeNode()
  view = viewOf(node)
  node.intake.subscribe({
    onAccepted: (event) => view.add(event),
    onVoided: (_network, places) => view.remove(places)
  })
  alice = new Author('alice')
  bob = new Author('bob')
  await take(alice.announce(), bob.announce())
})
test.afterEach(() => removeStore(node.store))

function viewOf({ events }: NodeRig, changesMax?: number): ListView {
  return new ListView(NETWORK, OWN.key, events, changesMax)
}

async function take(...events: readonly SignedNetworkEvent[]): Promise<void> {
  for (const event of events) is((await node.gossip(event)).verdict, 'accept')
}

function delta(
  version: number,
  adds: readonly string[],
  removes: readonly string[] = []
): EventBody {
  return {
    ...{ kind: 'list-delta', list: 'operator', version, count: 1, adds, removes },
    previousDigest: new Uint8Array(32).fill(version === 1 ? 0 : version - 1),
    digest: new Uint8Array(32).fill(version)
  }
}

function prefixesIn(shown = view, nowMs = START_MS): readonly string[] {
  return [...shown.entries({}, nowMs)].map(({ prefix }) => prefix)
}

function afterRestart(nowMs = START_MS): ListView {
  const restarted = viewOf(node)
  restarted.load(nowMs)
  return restarted
}

const A = '8.8.8.8/32'
const B = '9.9.9.0/24'

for (const order of [
  [0, 1, 2],
  [2, 1, 0],
  [1, 2, 0]
]) {
  test(`changes that come in the order ${order.join(', ')} lead to one list`, async () => {
    const said = [
      alice.say(delta(1, [A, B])),
      alice.say(delta(2, ['1.1.1.1/32'], [A])),
      alice.say(delta(3, ['1.1.1.1/32', B]), { tsMs: START_MS + 1_000 })
    ]
    for (const at of order) {
      const event = said[at]
      if (event) await take(event)
    }
    for (const shown of [view, afterRestart()]) {
      const entries = [...shown.entries({}, START_MS)]
      equal(
        entries.map(({ prefix, version, sinceMs, isOwn }) => [prefix, version, sinceMs, isOwn]),
        [
          ['1.1.1.1/32', 3, START_MS, false],
          [B, 3, START_MS, false]
        ]
      )
      equal(new Set(entries.map(({ author }) => author)), new Set([hex(alice.key)]))
    }
  })
}

test('asked about a prefix, what holds it and what lies within', async () => {
  await take(alice.say(delta(1, [A, B])))
  const about = (text: string) =>
    [...view.entries({ prefix: getPrefix(text) }, START_MS)].map(({ prefix }) => prefix)
  equal(about('9.9.9.7'), [B])
  equal(about('8.0.0.0/8'), [A])
  equal(about('7.7.7.7'), [])
})

test('a list ends with its changes, and comes back when the clock was wrong', async () => {
  await take(alice.announce({ expMs: START_MS + 9 * HOUR_MS }), alice.say(delta(1, [A])))
  equal(prefixesIn(view, START_MS + HOUR_MS + 1), [])
  equal(prefixesIn(view, START_MS), [A])
})

test('what its author takes back is gone, also when the word comes first', async () => {
  for (const isLate of [false, true]) {
    const said = alice.say(delta(isLate ? 3 : 1, [isLate ? B : A]))
    const retract = alice.say({ kind: 'retract', eventId: said.id })
    await take(...(isLate ? [retract, said] : [said, retract]))
    equal(prefixesIn(), [])
    equal(prefixesIn(afterRestart()), [])
  }
})

test('a list goes when its author leaves, is no longer heard of, or is revoked; those of others stay', async () => {
  await take(alice.say(delta(1, [A])), bob.say(delta(1, [B])))
  equal([...prefixesIn()].sort(), [A, B])
  const admission = admitByFounder({ network: NETWORK.id, author: alice.key }, FOUNDER)
  await take(alice.say({ ...announceOf(admission), isLeaving: true } as EventBody))
  equal(prefixesIn(), [B])
  equal(prefixesIn(afterRestart()), [B])
  const founder = new Author('founder', NETWORK, 1n, FOUNDER)
  await take(founder.say(revokeBody('author', bob.key)))
  equal(prefixesIn(), [])
  equal(prefixesIn(afterRestart()), [])
  const silent = new Author('carol')
  await take(silent.announce({ expMs: START_MS + 1_000 }), silent.say(delta(1, [A])))
  equal(prefixesIn(), [A])
  equal(prefixesIn(view, START_MS + 1_001), [])
})

test('who publishes without end loses his own oldest, and nobody else anything', async () => {
  view = viewOf(node, 12)
  view.load(START_MS)
  await take(bob.say(delta(1, [B])))
  for (let version = 1; version <= 10; version++) {
    await take(alice.say(delta(version, [`8.8.${version}.1/32`])))
  }
  const shown = prefixesIn()
  ok(shown.includes(B))
  ok(shown.includes('8.8.10.1/32'))
  is(shown.includes('8.8.1.1/32'), false)
  is(shown.length, 6)
})

test('whoever lists a prefix and accuses it counts once, and the own list counts for nobody', async () => {
  await take(alice.say(delta(1, [A])), OWN.announce(), OWN.say(delta(1, [A, B])))
  const found: FoundThreats = new Map()
  for (const entry of view.entries({}, START_MS)) noteListed(found, entry)
  const word = { network: networkIdText(NETWORK.id), isOwn: false, seq: 1n, endsAtMs: START_MS }
  noteThreat(found, A, {
    word: { ...word, author: hex(alice.key), stance: 'block', category: 2, severity: 3 },
    span: { firstMs: START_MS, lastMs: START_MS }
  })
  const ranked = rankThreats(found, 0)
  equal(
    ranked.map(({ prefix, accusers }) => [prefix, accusers]),
    [
      [A, 1],
      [B, 0]
    ]
  )
  const [first, second] = ranked.map(threatOf)
  equal([first?.accusers, first?.listedBy], [[hex(alice.key)], [hex(alice.key)]])
  equal([first?.categories, first?.severityMax, first?.ownVerdict], [[2], 3, undefined])
  equal([second?.listedBy, second?.categories], [[], []])
  equal(
    rankThreats(found, 1).map(({ prefix }) => prefix),
    [A]
  )
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
