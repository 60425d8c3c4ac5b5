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
