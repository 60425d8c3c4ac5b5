import { is, ok } from 'uvu/assert'
import { getPrefix } from '../../../../src/base/index.ts'
import {
  AddressRanges,
  countedPrefixOf,
  findAddressOf,
  findRelayAddressOf
} from '../../../../src/network/host/address-ranges.ts'
import {
  peerScoreParams,
  SCORE_THRESHOLDS,
  topicScoreParams
} from '../../../../src/network/host/gossip-params.ts'
import { TOPICS } from '../../../../src/wire/index.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: gossip parameters')

/** How many invalid messages take a peer below a threshold. */
function strikes(topic: (typeof TOPICS)[number], threshold: number): number {
  const { topicWeight, invalidMessageDeliveriesWeight } = topicScoreParams(topic)
  let count = 0
  while (topicWeight * invalidMessageDeliveriesWeight * count ** 2 >= threshold) count++
  return count
}

test('so many invalid messages silence, mute and graylist a peer', () => {
  const { gossipThreshold, publishThreshold, graylistThreshold } = SCORE_THRESHOLDS
  const expected = { alert: [1, 2, 3], vote: [1, 3, 4], list: [2, 4, 7], ctl: [2, 4, 7] }
  for (const topic of TOPICS) {
    const counts = [gossipThreshold, publishThreshold, graylistThreshold].map((threshold) =>
      strikes(topic, threshold)
    )
    is(counts.join(), expected[topic].join(), topic)
  }
})

test('a counter is nothing after its time', () => {
  const { invalidMessageDeliveriesDecay } = topicScoreParams('alert')
  ok(Math.abs(invalidMessageDeliveriesDecay ** 3_600 - 0.01) < 1e-6)
})

test('peers of this machine and of declared ranges do not count as one operator', () => {
  const local = new AddressRanges([getPrefix('10.1.0.0/16')])
  const exempt = peerScoreParams(local).IPColocationFactorWhitelist
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '10.1.2.3']) ok(exempt.has(address))
  for (const address of ['10.2.0.1', '192.0.2.1', '2001:db8::1']) is(exempt.has(address), false)
})

test('peers behind one relay do not count as one operator either', () => {
  const relay = '/ip4/192.0.2.7/tcp/1/p2p/12D3KooWGzh7JRAQhKXbEmzhSXtmJn4Lks6DPjQEBPRW9kYCRe6Z'
  is(findRelayAddressOf(`${relay}/p2p-circuit`), '192.0.2.7')
  is(findRelayAddressOf(relay), undefined)
  const isRelay = (address: string) => address === '192.0.2.7'
  const exempt = peerScoreParams(new AddressRanges([]), isRelay).IPColocationFactorWhitelist
  ok(exempt.has('192.0.2.7'))
  is(exempt.has('192.0.2.8'), false)
})

test('addresses are counted by the site that they belong to', () => {
  is(countedPrefixOf('192.0.2.77'), '192.0.2.0/24')
  is(countedPrefixOf('2001:db8:1:2::1'), '2001:db8:1::/48')
  is(findAddressOf('/ip4/192.0.2.77/tcp/1'), '192.0.2.77')
  is(findAddressOf('/ip6/2001:db8::1/tcp/1/p2p/x'), '2001:db8::1')
  is(findAddressOf('/ip4/192.0.2.77/tcp/1/p2p/x/p2p-circuit'), undefined)
  is(findAddressOf('/dns4/example.org/tcp/1'), undefined)
})
