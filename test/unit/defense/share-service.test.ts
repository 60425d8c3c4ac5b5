import * as assert from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { type SharePolicy, ShareService } from '../../../src/defense/index.ts'
import { CATEGORIES } from '../../../src/detection/index.ts'
import { FakeGuard, sampleDecision } from '../../support/fake-guard.ts'
import { FakeNetwork } from '../../support/fake-network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('Share service')
const POLICY: SharePolicy = {
  isEnabled: true,
  categories: CATEGORIES,
  typeMin: 'ban',
  precision: 'address',
  includesShadow: false
}

function rig(policy: Partial<SharePolicy> = {}) {
  const clock = new ManualClock(Date.now())
  const guard = new FakeGuard()
  const network = new FakeNetwork()
  const counted: string[] = []
  const quiet = () => undefined
  const service = new ShareService(
    { policy: { ...POLICY, ...policy }, treatAsPublic: ['198.51.100.0/24'] },
    {
      guard,
      network,
      isProtected: (prefix) => prefix === '198.51.100.1/32',
      clock,
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      metrics: {
        shared: (kind) => counted.push(kind),
        kept: (why) => counted.push(why),
        failed: () => counted.push('failed')
      }
    }
  )
  return { clock, guard, network, service, counted }
}

function banOf(last: number) {
  return sampleDecision({
    id: `decision-${last}`,
    value: `198.51.100.${last}`,
    prefixes: [`198.51.100.${last}/32`]
  })
}

test('a ban becomes an alert and a vote; a lift takes the vote back; an end in time says nothing', async () => {
  const { guard, network, service, counted } = rig()
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(7) })
  await service.stop()
  assert.equal(counted, ['alert', 'vote'])
  assert.equal(
    network.published.map(({ body }) => body.kind),
    ['alert', 'vote']
  )
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'ended', decision: banOf(7), atMs: Date.now(), why: 'lifted' })
  guard.emit({ kind: 'ended', decision: banOf(8), atMs: Date.now(), why: 'expired' })
  await service.stop()
  assert.equal(counted, ['alert', 'vote', 'retract'])
  assert.is(guard.listenerCount, 0)
})

test('decisions that come together are told in one alert and one vote', async () => {
  const { guard, network, service } = rig()
  await service.start(new AbortController().signal)
  for (let last = 2; last < 42; last++) guard.emit({ kind: 'decided', decision: banOf(last) })
  await service.stop()
  assert.is(network.published.length, 2)
  const [alert] = network.published
  assert.is(alert?.body.kind === 'alert' && alert.body.indicators.length, 40)
})

test('what is protected, shadow or the operator’s stays here and is counted; without a network nothing is', async () => {
  const { guard, network, service, counted } = rig()
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(1) })
  guard.emit({ kind: 'decided', decision: { ...banOf(2), mode: 'shadow' } })
  guard.emit({ kind: 'decided', decision: { ...banOf(3), origin: 'operator' } })
  network.joined = []
  guard.emit({ kind: 'decided', decision: banOf(4) })
  await service.stop()
  assert.equal(counted, ['no-indicator', 'shadow', 'not-own'])
  assert.is(network.published.length, 0)
})

test('a network that refuses is counted and stops nothing', async () => {
  const { guard, network, service, counted } = rig()
  network.publish = () => Promise.reject(new Error('no'))
  await service.start(new AbortController().signal)
  guard.emit({ kind: 'decided', decision: banOf(7) })
  await service.stop()
  assert.equal(counted, ['failed', 'failed'])
})
