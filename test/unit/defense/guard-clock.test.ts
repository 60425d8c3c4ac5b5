import { is, ok } from 'uvu/assert'
import {
  createGuardClock,
  type GuardClock,
  noteLogTime,
  noteTick,
  startTicking
} from '../../../src/defense/guard-clock.ts'
import { START_MS } from '../../support/events.ts'
import { HOUR_MS, MINUTE_MS } from '../../support/guard.ts'
import { suite } from '../../support/suite.ts'

const test = suite('clock of the guard')

function ticking(): GuardClock {
  const clock = createGuardClock()
  startTicking(clock, START_MS)
  return clock
}

function reading(...times: readonly number[]): { clock: GuardClock; setMs: number } {
  const clock = createGuardClock()
  const setMs = times.reduce((sum, atMs) => sum + noteLogTime(clock, START_MS + atMs), 0)
  return { clock, setMs }
}

test('takes a tick that agrees with the time that passed as time', () => {
  const clock = ticking()
  is(noteTick(clock, { kind: 'tick', atMs: START_MS + HOUR_MS, elapsedMs: HOUR_MS }), 0)
  is(clock.nowMs, START_MS + HOUR_MS)
})

for (const { name, aheadMs } of [
  { name: 'forward', aheadMs: 3 * HOUR_MS },
  { name: 'back', aheadMs: -3 * HOUR_MS }
]) {
  test(`sees by how much the machine's clock was set ${name}`, () => {
    const clock = ticking()
    const atMs = START_MS + 1_000 + aheadMs
    is(noteTick(clock, { kind: 'tick', atMs, elapsedMs: 1_000 }), aheadMs)
    is(clock.nowMs, atMs)
    is(noteTick(clock, { kind: 'tick', atMs: atMs + 1_000, elapsedMs: 1_000 }), 0)
  })
}

test('says by how many whole milliseconds a clock was set: times with fractions are refused by the store', () => {
  const clock = ticking()
  const atMs = START_MS + 1_000 + HOUR_MS
  is(noteTick(clock, { kind: 'tick', atMs, elapsedMs: 1_000.4321 }), HOUR_MS)
  ok(Number.isInteger(clock.logMs) && Number.isInteger(clock.nowMs))
})

test('follows small corrections without taking them for a clock that was set, and never goes back for them', () => {
  const clock = ticking()
  is(noteTick(clock, { kind: 'tick', atMs: START_MS + 1_500, elapsedMs: 1_000 }), 0)
  is(noteTick(clock, { kind: 'tick', atMs: START_MS + 1_200, elapsedMs: 1_000 }), 0)
  is(clock.nowMs, START_MS + 1_500)
})

test('goes by ticks once there are any: a log from the future does not move it', () => {
  const clock = ticking()
  is(noteLogTime(clock, START_MS + HOUR_MS), 0)
  is(noteLogTime(clock, START_MS + HOUR_MS + 1), 0)
  is(clock.nowMs, START_MS)
  noteLogTime(clock, START_MS + 900)
  is(clock.nowMs, START_MS + 900)
})

test('starts at the time it is told, though the checkpoint came from a clock that went ahead', () => {
  const { clock } = reading(0, HOUR_MS, HOUR_MS)
  startTicking(clock, START_MS)
  is(clock.nowMs, START_MS)
  is(clock.logMs, START_MS)
})

test('goes by the log where nothing ticks', () => {
  is(reading(0, 1_000, 400).clock.nowMs, START_MS + 1_000)
})

test('is not moved by one line from another time', () => {
  const far = 400 * 24 * HOUR_MS
  is(reading(0, far, 1_000, -far, 2_000).clock.nowMs, START_MS + 2_000)
  is(reading(0, far, 1_000, far, 2_000).clock.nowMs, START_MS + 2_000)
})

test('follows the log over a silence of any length as soon as a second line confirms it', () => {
  const days = 3 * 24 * HOUR_MS
  const { clock, setMs } = reading(0, days, days + 500)
  is(clock.nowMs, START_MS + days + 500)
  is(setMs, 0)
})

test('follows a log that has a line every half hour, one line behind', () => {
  const { clock } = reading(0, 30 * MINUTE_MS, 60 * MINUTE_MS, 90 * MINUTE_MS)
  is(clock.nowMs, START_MS + 60 * MINUTE_MS)
})

test('sees that the log’s clock was set back when many lines in a row say so', () => {
  const back = Array.from({ length: 8 }, (_, n) => -HOUR_MS + n * 1_000)
  const seven = reading(0, ...back.slice(0, 7))
  is(seven.clock.nowMs, START_MS)
  const eight = reading(0, ...back)
  is(eight.clock.nowMs, START_MS - HOUR_MS + 7_000)
  is(eight.setMs, -HOUR_MS + 7_000)
})
