/** Laws of what stands: whoever says too much, or proves too much, is heard with the same part of it by all nodes that compare. */
import fc from 'fast-check'
import { equal, is, ok } from 'uvu/assert'
import { PROOFS_MAX } from '../../../src/network/events/proof-book.ts'
import { proofOfEquivocation, type SignedNetworkEvent } from '../../../src/wire/index.ts'
import {
  Author,
  alertBody,
  makeNode,
  NETWORK,
  type NodeRig,
  revokeBody,
  voteBody
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('convergence laws', { timeoutMs: 120_000 })
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ROUNDS_MAX = 6

function standing(node: NodeRig): readonly Uint8Array[] {
  return [...node.events.places(NETWORK.id, START_MS)].map(({ id }) => id)
}

/** Each takes what the other names, as reconciliation does. */
async function exchange(to: NodeRig, from: NodeRig): Promise<number> {
  let taken = 0
  for (const { envelope, id } of from.events.get(standing(from))) {
    if (to.events.has(id) || to.intake.isRefused(id)) continue
    const verdict = await to.submit(envelope, { via: 'sync' })
    if (verdict.verdict === 'accept') taken++
  }
  return taken
}

function digests(nodes: readonly NodeRig[]): Set<string | undefined> {
  return new Set(nodes.map((node) => node.intake.liveSet(NETWORK.id)?.digest()))
}

async function expectAgreement(nodes: readonly NodeRig[]): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let taken = 0
    for (const to of nodes) for (const from of nodes) taken += await exchange(to, from)
    if (taken === 0) break
    // What was in the way may be gone.
    for (const { clock } of nodes) clock.jumpTo(clock.nowMs() + 11 * 60_000)
  }
  is(digests(nodes).size, 1)
  for (const node of nodes) equal(node.failures, [])
}

const said = fc.array(
  fc.record({
    accused: fc.constantFrom(0, 0, 1, 30, 60, 64),
    hour: fc.constantFrom(0, 0, 0, 1),
    at: fc.nat({ max: 2 }),
    isPushed: fc.boolean(),
    order: fc.nat()
  }),
  { minLength: 66, maxLength: 80 }
)

test('all come to the same part of what an author says beyond his quota: any order, any split, any way', async () => {
  let displaced = 0
  await fc.assert(
    fc.asyncProperty(said, async (list) => {
      const nodes = [makeNode(), makeNode(), makeNode()]
      try {
        const author = new Author('author')
        const announce = author.announce({ expMs: START_MS + DAY_MS })
        for (const node of nodes) {
          node.intake.subscribe({ onVoided: (_, places) => (displaced += places.length) })
          await node.fetch(announce)
        }
        const events = list.map(({ accused, hour, ...how }, i) => {
          const prefixes = Array.from({ length: accused }, (_, n) => `8.8.${n}.${i % 250}`)
          const body = accused === 0 ? alertBody('8.8.8.8', `${i}`) : voteBody(prefixes)
          const fields = { tsMs: START_MS - hour * HOUR_MS, expMs: START_MS + DAY_MS / 2 }
          return { event: author.say(body, fields), ...how }
        })
        for (const { event, at, isPushed } of events.sort((a, b) => a.order - b.order)) {
          const node = nodes[at]
          await (isPushed ? node?.gossip(event) : node?.fetch(event))
        }
        await expectAgreement(nodes)
      } finally {
        for (const node of nodes) removeStore(node.store)
      }
    }),
    { numRuns: 4, seed: 10, endOnFailure: true }
  )
  ok(displaced > 0)
})

test('all come to the same few proofs, whoever tells them of whichever numbers', async () => {
  const told = fc.array(
    fc.record({ seq: fc.nat({ max: 7 }), witness: fc.nat({ max: 1 }), at: fc.nat({ max: 1 }) }),
    { minLength: 1, maxLength: 16 }
  )
  await fc.assert(
    fc.asyncProperty(told, fc.boolean(), async (list, isRevoked) => {
      const nodes = [makeNode(), makeNode()]
      try {
        const liar = new Author('liar')
        const witnesses = [new Author('one'), new Author('two')]
        for (const author of [liar, ...witnesses]) {
          const announce = author.announce({ expMs: START_MS + DAY_MS })
          for (const node of nodes) await node.fetch(announce)
        }
        for (const { seq, witness, at } of list) {
          const [first, second] = ['8.8.8.8', '9.9.9.9'].map((address) =>
            liar.say(alertBody(address), { seq: BigInt(100 + seq), expMs: START_MS + DAY_MS / 2 })
          ) as [SignedNetworkEvent, SignedNetworkEvent]
          const proof = proofOfEquivocation(first, second)
          const event = proof && witnesses[witness]?.say(proof, { expMs: START_MS + DAY_MS })
          if (event) await nodes[at]?.gossip(event)
        }
        if (isRevoked) {
          const body = revokeBody('author', liar.key)
          const revocation = new Author('founder').say(body, { expMs: START_MS + DAY_MS })
          await nodes[0]?.gossip(revocation)
        }
        await expectAgreement(nodes)
        for (const node of nodes) {
          const proofs = node.intake.liveSet(NETWORK.id)?.treeOf('equivocation-proof').size ?? 0
          const numbers = new Set(list.map(({ seq }) => seq)).size
          is(proofs, isRevoked ? 0 : Math.min(PROOFS_MAX, numbers))
        }
      } finally {
        for (const node of nodes) removeStore(node.store)
      }
    }),
    { numRuns: 8, seed: 11, endOnFailure: true }
  )
})
