import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { PROOFS_MAX } from '../../../src/network/events/proof-book.ts'
import { PROOF_WAIT_MS_MAX, ProofTeller } from '../../../src/network/proof-teller.ts'
import { Author, alertBody, NETWORK } from '../../support/network.ts'
import { START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('proof teller')
const SIGNAL = new AbortController().signal

function contradiction(seq: bigint): readonly [Uint8Array, Uint8Array] {
  const liar = new Author('liar')
  const [a, b] = ['8.8.8.8', '9.9.9.9'].map((address) => liar.say(alertBody(address), { seq }))
  return [a?.bytes ?? new Uint8Array(), b?.bytes ?? new Uint8Array()]
}

function scene() {
  const clock = new ManualClock(START_MS)
  const proven = new Set<bigint>()
  const told: string[] = []
  const teller = new ProofTeller({
    clock,
    random: { next: () => 0.5 },
    intake: { isProven: (_network, _author, seq) => proven.has(seq) },
    publish: (_network, proof) => Promise.resolve(told.push(proof.kind))
  })
  return { clock, proven, told, teller }
}

test('waits, and tells what nobody has told meanwhile', async () => {
  const { clock, proven, told, teller } = scene()
  const tasks = [1n, 2n].map((seq) => teller.tell(NETWORK.id, contradiction(seq), SIGNAL))
  await clock.advance(PROOF_WAIT_MS_MAX / 2 - 1)
  equal(told, [])
  proven.add(2n)
  await clock.advance(1)
  await Promise.all(tasks)
  equal(told, ['equivocation-proof'])
})

test('has few waiting of one author', async () => {
  const { clock, told, teller } = scene()
  const tasks = Array.from({ length: 20 }, (_, i) =>
    teller.tell(NETWORK.id, contradiction(BigInt(i + 1)), SIGNAL)
  )
  await clock.advance(PROOF_WAIT_MS_MAX)
  await Promise.all(tasks)
  is(told.length, PROOFS_MAX)
})
