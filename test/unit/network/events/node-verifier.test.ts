/** One signature or many, at once or on the threads: the answers are the same. */
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import { createNodeVerifier } from '../../../../src/network/index.ts'
import { signerFromSeed } from '../../../../src/wire/index.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('node-verifier')

const SIGNER = signerFromSeed(new Uint8Array(32).fill(7))
const DATA = new TextEncoder().encode('what was said')
const GOOD = SIGNER.sign(DATA)
const BAD = GOOD.map((byte, index) => (index === 3 ? byte ^ 1 : byte))

test('says the same of lone signatures and of many at once, beyond its budget too', async () => {
  const clock = new ManualClock(0)
  for (const verify of [createNodeVerifier(), createNodeVerifier(clock)]) {
    for (let number = 0; number < 250; number++) {
      if (number === 200) await clock.advance(1_000)
      const signature = number % 3 === 0 ? BAD : GOOD
      is(await verify(SIGNER.publicKey, DATA, signature), number % 3 !== 0, `signature ${number}`)
    }
    const together = await Promise.all(
      [GOOD, BAD, GOOD].map((signature) => verify(SIGNER.publicKey, DATA, signature))
    )
    equal(together, [true, false, true])
    is(await verify(new Uint8Array(32).fill(255), DATA, GOOD), false, 'no point of the curve')
  }
})

/** A check on the event loop is over before the next turn of it; one on the threads is not. */
async function isOnLoop(verification: Promise<boolean>): Promise<boolean> {
  let isOver = false
  const over = verification.then((isValid) => {
    isOver = true
    is(isValid, true)
  })
  for (let i = 0; i < 20; i++) await Promise.resolve()
  const wasOnLoop = isOver
  await over
  return wasOnLoop
}

test('of one after the other a hundred a second are checked on the event loop, the rest on the threads', async () => {
  const clock = new ManualClock(0)
  const verify = createNodeVerifier(clock)
  const countOnLoop = async (total: number) => {
    let count = 0
    for (let i = 0; i < total; i++) {
      if (await isOnLoop(verify(SIGNER.publicKey, DATA, GOOD))) count++
    }
    return count
  }
  is(await countOnLoop(150), 100)
  await clock.advance(999)
  is(await countOnLoop(20), 0)
  await clock.advance(1)
  is(await countOnLoop(120), 100)
})

test('none is checked on the event loop while another is on a thread, or without a clock', async () => {
  const clock = new ManualClock(0)
  const verify = createNodeVerifier(clock)
  for (let i = 0; i < 100; i++) await verify(SIGNER.publicKey, DATA, GOOD)
  const onThread = verify(SIGNER.publicKey, DATA, GOOD)
  // The budget is a new one, and nobody has had a turn since.
  clock.jumpTo(5_000)
  const again = verify(SIGNER.publicKey, DATA, GOOD)
  is(await isOnLoop(again), false)
  await onThread
  is(await isOnLoop(createNodeVerifier()(SIGNER.publicKey, DATA, GOOD)), false)
})

test('a flood at once holds the event loop up for no more than its budget', async () => {
  const verify = createNodeVerifier(new ManualClock(0))
  let over = 0
  const flood = Array.from({ length: 2_000 }, () =>
    verify(SIGNER.publicKey, DATA, GOOD).then(() => over++)
  )
  for (let i = 0; i < 20; i++) await Promise.resolve()
  is(over, 100)
  await Promise.all(flood)
  is(over, 2_000)
})
