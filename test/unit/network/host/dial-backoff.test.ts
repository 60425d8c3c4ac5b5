import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import {
  DialBackoff,
  PAUSE_FIRST_MS,
  PAUSE_LAST_MS,
  SHORT_MS
} from '../../../../src/network/host/dial-backoff.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: dial backoff')
const MINUTE_MS = 60_000

function makeBackoff(next = 0.5) {
  const clock = new ManualClock(1_000)
  const backoff = new DialBackoff({ clock, random: { next: () => next } })
  const end = (peer: string, lengthMs: number) =>
    backoff.noteEnded(peer, { open: 5_000, close: 5_000 + lengthMs })
  return { clock, backoff, end }
}

test('a peer that hangs up each time is dialed a few times in the first seconds, and then every two minutes', async () => {
  const { clock, backoff, end } = makeBackoff()
  const dialedAtMs: number[] = []
  const startMs = clock.monotonicMs()
  for (let second = 0; second <= 20 * 60; second++) {
    if (!backoff.isPaused('p')) {
      dialedAtMs.push(clock.monotonicMs() - startMs)
      end('p', 20)
    }
    await clock.advance(1_000)
  }
  equal(dialedAtMs.slice(0, 5), [0, 1_000, 3_000, 7_000, 15_000])
  const lastGaps = dialedAtMs.slice(-3).map((atMs, i, all) => atMs - (all[i - 1] ?? atMs))
  equal(lastGaps.slice(1), [PAUSE_LAST_MS, PAUSE_LAST_MS])
})

for (const [next, factor] of [
  [0, 0.5],
  [0.999, 1.499]
] as const) {
  test(`nodes that were hung up on together do not dial together: ${factor}`, async () => {
    const { clock, backoff, end } = makeBackoff(next)
    end('p', 0)
    await clock.advance(PAUSE_FIRST_MS * factor - 1)
    is(backoff.isPaused('p'), true)
    await clock.advance(1)
    is(backoff.isPaused('p'), false)
  })
}

test('a connection that lasted, or that nobody knows the length of, makes all good', () => {
  const { backoff, end } = makeBackoff()
  end('p', SHORT_MS - 1)
  is(backoff.isPaused('p'), true)
  end('p', SHORT_MS)
  is(backoff.isPaused('p'), false)
  end('p', 1)
  backoff.noteEnded('p', { open: 5_000 })
  is(backoff.isPaused('p'), false)
  end('p', 1)
  backoff.forget('p')
  is(backoff.isPaused('p'), false)
})

test('keeps no more peers than so many, the last ones', async () => {
  const { clock, backoff, end } = makeBackoff()
  for (let i = 0; i < 2_000; i++) end(`p${i}`, 0)
  is(backoff.isPaused('p0'), false)
  is(backoff.isPaused('p1999'), true)
  await clock.advance(MINUTE_MS)
  is(backoff.isPaused('p1999'), false)
})
