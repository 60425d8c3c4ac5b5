/** Laws of the intake: no number counts twice, and the order in which events come does not matter for what stands. */
import fc from 'fast-check'
import { equal, is } from 'uvu/assert'
import { proofOfEquivocation, type SignedNetworkEvent } from '../../../src/wire/index.ts'
import { Author, alertBody, makeNode, NETWORK, revokeBody } from '../../support/network.ts'
import { removeStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('intake laws', { timeoutMs: 120_000 })

interface Step {
  readonly author: number
  readonly seq: number
  readonly content: number
}

const steps = fc.array(
  fc.record({
    author: fc.nat({ max: 2 }),
    seq: fc.integer({ min: 1, max: 12 }),
    content: fc.nat({ max: 2 })
  }),
  { minLength: 1, maxLength: 25 }
)

function authors(): Author[] {
  return ['alice', 'bob', 'carol'].map((name) => new Author(name))
}

function eventOf(all: readonly Author[], { author, seq, content }: Step): SignedNetworkEvent {
  const who = all[author] ?? new Author('alice')
  return who.say(alertBody(`8.8.8.${content}`), { seq: BigInt(seq) })
}

test('never accepts an author and a number twice, in whatever order and by whatever way they come', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (list, isAtOnce) => {
      const node = makeNode()
      try {
        const all = authors()
        for (const author of all) await node.gossip(author.announce({ seq: 1_000n }))
        const accepted: string[] = []
        node.intake.subscribe({
          onAccepted: ({ author, seq }) =>
            accepted.push(`${Buffer.from(author).toString('hex')} ${seq}`)
        })
        const events = list.map((step) => eventOf(all, step))
        if (isAtOnce) await Promise.all(events.map((event) => node.gossip(event)))
        else for (const event of events) await node.fetch(event)
        is(new Set(accepted).size, accepted.length)
        equal(node.failures, [])
      } finally {
        removeStore(node.store)
      }
    }),
    { numRuns: 25, seed: 4 }
  )
})

test('comes to the same set in any order: announces, events, contradictions, proofs and revocations', async () => {
  const plan = fc.record({
    list: steps,
    isRevoked: fc.boolean(),
    orders: fc.array(fc.infiniteStream(fc.nat()), { minLength: 3, maxLength: 3 })
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ list, isRevoked, orders }) => {
      const all = authors()
      const events = list.map((step) => eventOf(all, step))
      const everything = [...all.map((author) => author.announce({ seq: 1_000n })), ...events]
      const [alice, bob] = all
      const pair = events.flatMap((a) => events.map((b) => proofOfEquivocation(a, b)))
      const proof = pair.find((found) => found !== undefined)
      if (alice !== undefined && proof !== undefined)
        everything.push(alice.say(proof, { seq: 2_000n }))
      if (bob !== undefined && isRevoked) {
        everything.push(new Author('founder').say(revokeBody('author', bob.key)))
      }
      const digests = new Set<string | undefined>()
      for (const order of orders) {
        const node = makeNode()
        const keyed = everything.map((event) => ({ event, key: order.next().value ?? 0 }))
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ event }) => event)
        // Twice, as reconciliation does: whoever was unknown the first time is known by now.
        for (const event of [...shuffled, ...shuffled]) await node.fetch(event)
        digests.add(node.intake.liveSet(NETWORK.id)?.digest())
        equal(node.failures, [])
        removeStore(node.store)
      }
      is(digests.size, 1)
    }),
    { numRuns: 20, seed: 5 }
  )
})
