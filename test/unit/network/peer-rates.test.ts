import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  BYTES_BURST,
  BYTES_PER_SECOND,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
  PeerRates,
  UNHEARD_BURST,
  UNHEARD_BYTES_BURST
} from '../../../src/network/peer-rates.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: how much a peer may say')

test('a burst is heard to its last message, what follows is not, and much more is a flood', () => {
  const rates = new PeerRates(new ManualClock(1_000))
  is(rates.take('a', MESSAGES_BURST - 1), 'heard')
  is(rates.take('a', 1), 'heard')
  is(rates.take('a', 1), 'unheard')
  is(rates.take('a', UNHEARD_BURST - 1), 'unheard')
  is(rates.take('a', 1), 'flood')
  is(rates.take('a', 1), 'flood')
})

test('so many a second are heard for ever, and of one more a second some are not', async () => {
  const hearings: string[] = []
  for (const more of [0, 1]) {
    const clock = new ManualClock(1_000)
    const rates = new PeerRates(clock)
    let hearing = 'heard'
    for (let second = 0; second < MESSAGES_BURST + 10 && hearing === 'heard'; second++) {
      hearing = rates.take('a', MESSAGES_PER_SECOND + more)
      await clock.advance(1_000)
    }
    hearings.push(hearing)
  }
  equal(hearings, ['heard', 'unheard'])
})

test('a peer that was too fast is heard again a moment later', async () => {
  const clock = new ManualClock(1_000)
  const rates = new PeerRates(clock)
  is(rates.take('a', MESSAGES_BURST), 'heard')
  is(rates.take('a', 1_000), 'unheard')
  await clock.advance(100)
  is(rates.take('a', MESSAGES_PER_SECOND / 10), 'heard')
})

test('what one peer says costs no other, and quiet earns a burst but no more', async () => {
  const clock = new ManualClock(1_000)
  const rates = new PeerRates(clock)
  is(rates.take('a', MESSAGES_BURST + UNHEARD_BURST + 1), 'flood')
  is(rates.take('b', MESSAGES_BURST), 'heard')
  await clock.advance(3_600_000)
  is(rates.take('a', MESSAGES_BURST), 'heard')
  is(rates.take('a', 1), 'unheard')
})

test('large messages are counted by their bytes: a burst of them is heard, what follows is not', async () => {
  const clock = new ManualClock(1_000)
  const rates = new PeerRates(clock)
  const list = 65_536
  const hearings = Array.from({ length: (BYTES_BURST + UNHEARD_BYTES_BURST) / list + 1 }, () =>
    rates.take('a', 1, list)
  )
  const count = (wanted: string) => hearings.filter((hearing) => hearing === wanted).length
  equal(
    [count('heard'), count('unheard'), count('flood')],
    [BYTES_BURST / list, UNHEARD_BYTES_BURST / list, 1]
  )
  is(rates.take('b', 1, list), 'heard')
  await clock.advance(1_000)
  const again = Array.from({ length: BYTES_PER_SECOND / list + 1 }, () => rates.take('a', 1, list))
  is(again.filter((hearing) => hearing === 'heard').length, BYTES_PER_SECOND / list)
})
