import { is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { ClockDoubt } from '../../../src/network/clock-doubt.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: doubt of the own clock')
const MINUTE_MS = 60_000

class SetClock extends ManualClock {
  aheadMs = 0

  override nowMs(): number {
    return super.nowMs() + this.aheadMs
  }
}

function makeDoubt(skewMs?: number) {
  const clock = new SetClock(1_000_000)
  const clocks = { estimate: () => ({ clockSkewMs: skewMs, clockPeers: 3 }) }
  return { clock, doubt: new ClockDoubt({ clock, clocks, host: { connections: [] } }) }
}

test('by nothing but one peer who says what seems to come from the future', async () => {
  const { clock, doubt } = makeDoubt(12)
  for (let i = 0; i < 5; i++) doubt.noteFuture('liar')
  is(doubt.isDoubted, false)
  await clock.advance(20 * MINUTE_MS)
  doubt.tick(false)
  is(doubt.isDoubted, false)
})

test('at once when it was set, before anybody has looked, and for a minute after', async () => {
  const { clock, doubt } = makeDoubt()
  clock.aheadMs = -2 * 60 * MINUTE_MS
  is(doubt.isDoubted, true)
  doubt.tick(true)
  await clock.advance(MINUTE_MS - 1)
  is(doubt.isDoubted, true)
  await clock.advance(1)
  is(doubt.isDoubted, false)
})

for (const [skewMs, expected] of [
  [-5 * MINUTE_MS - 1, true],
  [-5 * MINUTE_MS, false],
  [60 * MINUTE_MS, false]
] as const) {
  test(`${expected ? 'when' : 'not when'} the peers say that it is ${skewMs} ms ahead`, () => {
    is(makeDoubt(skewMs).doubt.isDoubted, expected)
  })
}

test('when two say so within ten minutes, until it was set', async () => {
  const { clock, doubt } = makeDoubt()
  doubt.noteFuture('a')
  await clock.advance(9 * MINUTE_MS)
  doubt.noteFuture('b')
  is(doubt.isDoubted, true)
  await clock.advance(MINUTE_MS)
  is(doubt.isDoubted, false)
  doubt.noteFuture('a')
  is(doubt.isDoubted, true)
  doubt.tick(true)
  await clock.advance(MINUTE_MS)
  is(doubt.isDoubted, false)
})
