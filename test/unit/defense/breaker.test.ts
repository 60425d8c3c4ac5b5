import { is } from 'uvu/assert'
import {
  BREAKER_BANS_MIN,
  type Breaker,
  createBreaker,
  isBreakerOpen,
  noteBan
} from '../../../src/defense/breaker.ts'
import { START_MS } from '../../support/events.ts'
import { suite } from '../../support/suite.ts'

const test = suite('breaker')
const WINDOW_MS = 600_000

function ban(breaker: Breaker, times: number, atMs: number): void {
  for (let n = 0; n < times; n++) noteBan(breaker, atMs)
}

test('opens at one ban more than the least that opens it, and not before', () => {
  const breaker = createBreaker()
  ban(breaker, BREAKER_BANS_MIN, START_MS)
  is(isBreakerOpen(breaker, START_MS), false)
  noteBan(breaker, START_MS)
  is(isBreakerOpen(breaker, START_MS), true)
})

test('closes with the window', () => {
  const breaker = createBreaker()
  ban(breaker, BREAKER_BANS_MIN * 2, START_MS)
  is(isBreakerOpen(breaker, START_MS), true)
  is(isBreakerOpen(breaker, START_MS + WINDOW_MS), false)
})

test('lets more pass where more is usual', () => {
  const breaker = createBreaker()
  for (let window = 0; window < 432; window++) {
    ban(breaker, 190, START_MS + window * WINDOW_MS)
  }
  const atMs = START_MS + 432 * WINDOW_MS
  ban(breaker, 4 * 190, atMs)
  is(isBreakerOpen(breaker, atMs), false)
  ban(breaker, 2 * 190, atMs)
  is(isBreakerOpen(breaker, atMs), true)
})

test('forgets what was usual after a day without bans', () => {
  const breaker = createBreaker()
  for (let window = 0; window < 432; window++) {
    ban(breaker, 190, START_MS + window * WINDOW_MS)
  }
  const atMs = START_MS + (432 + 145) * WINDOW_MS
  ban(breaker, BREAKER_BANS_MIN + 1, atMs)
  is(isBreakerOpen(breaker, atMs), true)
})

test('goes on counting when the clock was set back', () => {
  const breaker = createBreaker()
  ban(breaker, BREAKER_BANS_MIN, START_MS)
  noteBan(breaker, START_MS - WINDOW_MS * 5)
  is(isBreakerOpen(breaker, START_MS - WINDOW_MS * 5), true)
})
