import { is, ok } from 'uvu/assert'
import { seededRandom } from '../../../src/base/index.ts'
import {
  ascendingShare,
  createOrderTrack,
  orderScore,
  pushTerm
} from '../../../src/detection/order-track.ts'
import { suite } from '../../support/suite.ts'

const test = suite('order of searches')

function track(terms: readonly string[]) {
  const order = createOrderTrack()
  for (const term of terms) pushTerm(order, term)
  return order
}

const alphabet = [...'abcdefghijklmnopqrstuvwxyz']

test('a walk through a dictionary is far from chance', () => {
  ok(orderScore(track(alphabet)) > 8)
})

test('a walk backwards is as far, with the other sign', () => {
  ok(orderScore(track([...alphabet].reverse())) < -8)
})

test('a walk that wraps once is still seen', () => {
  ok(orderScore(track([...alphabet.slice(20), ...alphabet.slice(0, 20)])) > 6)
})

test('repeats say nothing', () => {
  const order = track(['a', 'a', 'a', 'b', 'b'])
  is(order.comparisons, 1)
  is(ascendingShare(order), 1)
})

test('too few comparisons score zero', () => {
  is(orderScore(track(['a', 'b', 'c', 'd'])), 0)
})

test('random orders stay below the threshold of a ban', () => {
  const random = seededRandom(7)
  let worst = 0
  for (let run = 0; run < 2_000; run++) {
    const terms = Array.from({ length: 40 }, () => random.next().toString(16))
    worst = Math.max(worst, Math.abs(orderScore(track(terms))))
  }
  ok(worst < 5, `worst score of 2 000 random orders: ${worst}`)
})

test('older comparisons fade, so a walk that begins late is found', () => {
  const random = seededRandom(11)
  const order = createOrderTrack()
  for (let i = 0; i < 1_000; i++) pushTerm(order, random.next().toString(16))
  ok(Math.abs(orderScore(order)) < 4)
  for (let i = 0; i < 120; i++) pushTerm(order, `0.${String(i).padStart(6, '0')}`)
  ok(orderScore(order) > 5)
  ok(order.comparisons <= 201)
})
