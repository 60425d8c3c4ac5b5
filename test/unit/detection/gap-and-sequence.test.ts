/** Times between requests, and the last requests in order. */
import { equal, is, ok } from 'uvu/assert'
import {
  createGapTrack,
  gapAutocorrelation,
  gapVariation,
  meanGapS,
  pushGap
} from '../../../src/detection/gap-track.ts'
import {
  createSequenceTrack,
  gapCode,
  pushRequest,
  readSequence,
  SEQUENCE_LENGTH,
  TOKENS
} from '../../../src/detection/sequence-track.ts'
import { suite } from '../../support/suite.ts'

const test = suite('gaps and sequence')

test('even gaps vary by nothing, alternating ones are correlated against each other', () => {
  const even = createGapTrack()
  const turns = createGapTrack()
  for (let i = 0; i < 40; i++) {
    pushGap(even, 2_000)
    pushGap(turns, i % 2 === 0 ? 1_000 : 5_000)
  }
  is(meanGapS(even), 2)
  is(gapVariation(even), 0)
  ok(Number.isNaN(gapAutocorrelation(even)))
  is(meanGapS(turns), 3)
  ok(gapAutocorrelation(turns) < -0.9)
  is(turns.shortestS, 1)
})

test('a change of pace is seen within a hundred requests', () => {
  const track = createGapTrack()
  for (let i = 0; i < 1_000; i++) pushGap(track, 10_000)
  for (let i = 0; i < 200; i++) pushGap(track, 100)
  ok(meanGapS(track) < 1.5, String(meanGapS(track)))
})

test('nothing is known of a single request', () => {
  const track = createGapTrack()
  ok(Number.isNaN(meanGapS(track)) && Number.isNaN(gapVariation(track)))
})

test('a sequence keeps the last 64 in order, however many came', () => {
  for (const count of [0, 1, 7, 8, 9, 63, 64, 65, 200]) {
    const track = createSequenceTrack()
    for (let i = 0; i < count; i++) pushRequest(track, 1 + (i % TOKENS), i)
    const from = Math.max(0, count - SEQUENCE_LENGTH)
    const expected = Array.from({ length: count - from }, (_, i) => 1 + ((from + i) % TOKENS))
    const { tokens, gaps } = readSequence(track)
    equal([...tokens], expected, `${count} requests`)
    equal(
      [...gaps],
      expected.map((_, i) => gapCode(from + i))
    )
    ok(track.data.length <= SEQUENCE_LENGTH * 2)
  }
})

test('gaps are coded from nothing to an hour', () => {
  is(gapCode(0), 0)
  is(gapCode(-5), 0)
  is(gapCode(3_600_000), 255)
  ok(gapCode(1_000) < gapCode(2_000))
})
