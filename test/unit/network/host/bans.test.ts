import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import { BAN_MS, BANS_MAX, Bans } from '../../../../src/network/host/bans.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: bans')
const stranger = { isStranger: true, reason: 'protocol', site: undefined } as const

test('bans for gossip since some time are lifted, with their sites, and no other; what stands is counted', async () => {
  const clock = new ManualClock(1_000)
  const bans = new Bans(clock)
  bans.add({ peer: 'early', isStranger: false, reason: 'gossip', site: undefined })
  await clock.advance(1_000)
  const sinceMs = clock.monotonicMs()
  bans.add({ peer: 'late', isStranger: false, reason: 'gossip', site: '1.2.3.4/32' })
  bans.add({ peer: 'flood', isStranger: true, reason: 'flood', site: '1.2.3.5/32' })
  bans.add({ peer: 'broken', ...stranger })
  equal(bans.counts(), { protocol: 1, flood: 1, gossip: 2 })
  equal(bans.liftGossip(sinceMs), ['late'])
  equal(
    ['early', 'late', 'flood', 'broken'].map((peer) => bans.hasPeer(peer)),
    [true, false, true, true]
  )
  equal([bans.hasSite('1.2.3.4/32'), bans.hasSite('1.2.3.5/32')], [false, true])
  await clock.advance(BAN_MS)
  equal(bans.counts(), { protocol: 0, flood: 0, gossip: 0 })
})

test('a ban ends after its time, and not before', async () => {
  const clock = new ManualClock(1_000)
  const bans = new Bans(clock)
  bans.add({ peer: 'a', ...stranger })
  await clock.advance(BAN_MS - 1)
  is(bans.hasPeer('a'), true)
  await clock.advance(1)
  is(bans.hasPeer('a'), false)
  is(bans.hasPeer('b'), false)
})

test('with the peer its site is banned, and no other', () => {
  const bans = new Bans(new ManualClock(1_000))
  bans.add({ peer: 'a', isStranger: true, reason: 'protocol', site: '1.2.3.4/32' })
  is(bans.hasSite('1.2.3.4/32'), true)
  is(bans.hasSite('1.2.3.5/32'), false)
})

test('any number of fresh keys does not bring a banned author back, nor the sites of strangers', () => {
  const bans = new Bans(new ManualClock(1_000))
  bans.add({ peer: 'author', isStranger: false, reason: 'protocol', site: undefined })
  bans.add({ peer: 'first', isStranger: true, reason: 'protocol', site: '1.2.3.4/32' })
  for (let i = 0; i < 2 * BANS_MAX; i++) bans.add({ peer: `fresh-${i}`, ...stranger })
  is(bans.hasPeer('author'), true)
  is(bans.hasSite('1.2.3.4/32'), true)
  is(bans.hasPeer('first'), false)
  is(bans.hasPeer(`fresh-${2 * BANS_MAX - 1}`), true)
  is(bans.hasPeer(`fresh-${BANS_MAX}`), false)
  is(bans.hasPeer(`fresh-${BANS_MAX + 1}`), true)
})

test('bans that are over go before any that stands', async () => {
  const clock = new ManualClock(1_000)
  const bans = new Bans(clock)
  for (let i = 0; i < BANS_MAX - 1; i++)
    bans.add({ peer: `old-${i}`, ...stranger, isStranger: false })
  await clock.advance(BAN_MS)
  bans.add({ peer: 'stranger', ...stranger })
  for (let i = 0; i < BANS_MAX - 1; i++)
    bans.add({ peer: `new-${i}`, ...stranger, isStranger: false })
  is(bans.hasPeer('stranger'), true)
})

test('among authors alone the one that was banned first makes room', () => {
  const bans = new Bans(new ManualClock(1_000))
  for (let i = 0; i <= BANS_MAX; i++)
    bans.add({ peer: `a-${i}`, isStranger: false, reason: 'protocol', site: undefined })
  is(bans.hasPeer('a-0'), false)
  is(bans.hasPeer('a-1'), true)
})
