import { equal, is, ok } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { pollFor } from '../../../src/cli/demo/poll.ts'
import { suite } from '../../support/suite.ts'

const test = suite('asking until there is an answer')

/** Waiting takes no time. */
class PassingClock extends ManualClock {
  override async sleep(durationMs: number): Promise<void> {
    await this.advance(durationMs)
  }
}

test('asks at once, and no more after the answer', async () => {
  const clock = new PassingClock(0)
  const answers = [undefined, undefined, 'here', 'late']
  const ask = () => Promise.resolve(answers.shift())
  is(await pollFor(ask, { timeoutMs: 1_000, pollMs: 10 }, { clock }), 'here')
  equal(answers, ['late'])
})

test('gives up when time is over, after few questions', async () => {
  const clock = new PassingClock(0)
  let asked = 0
  const ask = () => {
    asked++
    return Promise.resolve(undefined)
  }
  is(await pollFor(ask, { timeoutMs: 20_000, pollMs: 10 }, { clock }), undefined)
  ok(clock.nowMs() >= 20_000 && clock.nowMs() < 21_000, `${clock.nowMs()}`)
  // A fifth of what a node answers a client in a minute.
  ok(asked < 120, `${asked}`)
})
