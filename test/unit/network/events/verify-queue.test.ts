import { equal, is } from 'uvu/assert'
import { VerifyQueue } from '../../../../src/network/events/verify-queue.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('verify queue')

function drain(queue: VerifyQueue<string>): string[] {
  const items: string[] = []
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item)
  return items
}

test('serves the newest alert first, and everything else in order', () => {
  const queue = new VerifyQueue<string>()
  for (const item of ['1', '2', '3']) queue.push('alert', 'a', item)
  equal(drain(queue), ['3', '2', '1'])
  for (const item of ['1', '2', '3']) queue.push('vote', 'a', item)
  equal(drain(queue), ['1', '2', '3'])
})

test('takes turns between lanes and between peers', () => {
  const queue = new VerifyQueue<string>()
  for (let i = 0; i < 3; i++) queue.push('vote', 'flood', `flood ${i}`)
  queue.push('vote', 'honest', 'honest')
  queue.push('ctl', 'flood', 'ctl')
  equal(drain(queue), ['flood 0', 'ctl', 'honest', 'flood 1', 'flood 2'])
})

test('drops the oldest of the peer that has most waiting, and says which', () => {
  const queue = new VerifyQueue<string>(4)
  queue.push('alert', 'honest', 'honest')
  const dropped: (string | undefined)[] = []
  for (let i = 0; i < 6; i++) dropped.push(queue.push('alert', 'flood', `flood ${i}`))
  equal(dropped, [undefined, undefined, undefined, 'flood 0', 'flood 1', 'flood 2'])
  is(queue.sizeOf('alert'), 4)
  is(queue.size, 4)
  equal(drain(queue).sort(), ['flood 3', 'flood 4', 'flood 5', 'honest'])
})

test('bounds each lane for itself', () => {
  const queue = new VerifyQueue<string>(2)
  for (let i = 0; i < 5; i++) queue.push('alert', `peer ${i}`, `alert ${i}`)
  is(queue.push('sync', 'peer', 'fetched'), undefined)
  is(queue.size, 3)
})
