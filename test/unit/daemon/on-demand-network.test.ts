import { rejects } from 'node:assert/strict'
import { equal, is } from 'uvu/assert'
import { OnDemandNetwork } from '../../../src/daemon/on-demand-network.ts'
import { FakeNetwork, SAMPLE_NETWORK_ID } from '../../support/fake-network.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network on demand')

class CountedNetwork extends FakeNetwork {
  calls: string[] = []
  startFailures: Error[] = []
  stopFailure: Error | undefined

  override start(): Promise<void> {
    this.calls.push('start')
    const failure = this.startFailures.shift()
    return failure === undefined ? Promise.resolve() : Promise.reject(failure)
  }

  override stop(): Promise<void> {
    this.calls.push('stop')
    return Promise.resolve()
  }
}

function makeOnDemand(hasNetworks = false) {
  const service = new CountedNetwork()
  const made = { service, loads: 0, loadFailures: [] as Error[] }
  const load = () => {
    made.loads++
    const failure = made.loadFailures.shift()
    return failure === undefined ? Promise.resolve(service) : Promise.reject(failure)
  }
  return { ...{ made, service }, network: new OnDemandNetwork(load, () => hasNetworks) }
}

const never = new AbortController().signal
const ALERT_QUERY = { limit: 10 }
const has = (text: string) => (error: unknown) => String(error).includes(text)

test('a node in no network loads nothing at its start, whatever is asked', async () => {
  const { network, made, service } = makeOnDemand()
  await network.start(never)
  is(network.status().isRunning, false)
  equal(network.status().networks, [])
  equal(network.list(), [])
  equal(network.peers(), [])
  equal(network.alerts(ALERT_QUERY), { items: [], nextCursor: undefined })
  equal(network.threats(ALERT_QUERY), { items: [], nextCursor: undefined })
  network.onEvent(() => undefined)
  await network.stop()
  is(made.loads, 0)
  equal(service.calls, [])
})

test('a node in a network loads and starts it with itself', async () => {
  const { network, made, service } = makeOnDemand(true)
  await network.start(never)
  is(made.loads, 1)
  equal(service.calls, ['start'])
  is(network.status().isRunning, true)
  equal(network.list(), service.list())
  is(network.peers().length, 1)
})

for (const { name, enter } of [
  { name: 'founded', enter: (network: OnDemandNetwork) => network.create({ name: 'north' }) },
  { name: 'joined', enter: (network: OnDemandNetwork) => network.join('netminder1:line') }
]) {
  test(`it is loaded and started once when the first network is ${name}`, async () => {
    const { network, made, service } = makeOnDemand()
    await network.start(never)
    await Promise.all([enter(network), enter(network)])
    await enter(network)
    is(made.loads, 1)
    equal(service.calls, ['start'])
    is(network.status().isRunning, true)
  })
}

test('a start that failed fails the request, and the next one tries anew', async () => {
  const { network, made, service } = makeOnDemand()
  await network.start(never)
  service.startFailures = [new Error('the port is taken')]
  await rejects(() => network.create({ name: 'north' }), has('the port is taken'))
  is(network.status().isRunning, false)
  equal(network.list(), [])
  await network.create({ name: 'north' })
  is(made.loads, 1)
  equal(service.calls, ['start', 'start'])
  is(network.status().isRunning, true)
})

test('what could not be loaded is loaded at the next try', async () => {
  const { network, made } = makeOnDemand()
  await network.start(never)
  made.loadFailures = [new Error('a module is missing')]
  await rejects(() => network.join('netminder1:line'), has('a module is missing'))
  await network.join('netminder1:line')
  is(made.loads, 2)
  is(network.status().isRunning, true)
})

test('a node that cannot start its networks says so at its own start', async () => {
  const { network, service } = makeOnDemand(true)
  service.startFailures = [new Error('the port is taken')]
  await rejects(() => network.start(never), has('the port is taken'))
  await network.stop()
  equal(service.calls, ['start'])
})

test('stopping waits for a start under way, and leaves nothing running', async () => {
  const { network, service } = makeOnDemand()
  await network.start(never)
  const created = network.create({ name: 'north' })
  await network.stop()
  await created
  equal(service.calls, ['start', 'stop'])
  is(network.status().isRunning, false)
  await network.stop()
  equal(service.calls, ['start', 'stop'])
})

test('an invitation that is none leaves nothing running, and so does leaving the last network', async () => {
  const { network, made, service } = makeOnDemand()
  service.joined = []
  await network.start(never)
  await rejects(() => network.join('rubbish'), has('part of the line is missing'))
  equal(service.calls, ['start', 'stop'])
  is(network.status().isRunning, false)
  const both = await Promise.allSettled([network.join('rubbish'), network.join('netminder1:line')])
  equal(
    both.map(({ status }) => status),
    ['rejected', 'fulfilled']
  )
  is(network.status().isRunning, true)
  equal(service.calls, ['start', 'stop', 'start'])
  await network.create({ name: 'north' })
  const [first, second] = network.list()
  await network.leave(first?.id ?? '')
  is(network.status().isRunning, true)
  await network.leave(second?.id ?? '')
  is(network.status().isRunning, false)
  equal(service.calls, ['start', 'stop', 'start', 'stop'])
  is(made.loads, 1)
})

test('it can be started again after a stop', async () => {
  const { network, made, service } = makeOnDemand(true)
  await network.start(never)
  await network.stop()
  await network.start(never)
  is(made.loads, 1)
  equal(service.calls, ['start', 'stop', 'start'])
})

test('who listened before there was a network hears of it once, and not after he left', async () => {
  const { network, service } = makeOnDemand()
  await network.start(never)
  const heard: string[] = []
  const stopListening = network.onEvent((_event, via, { authorName }) =>
    heard.push(`${via} ${authorName}`)
  )
  await network.create({ name: 'north' })
  await network.stop()
  await network.start(never)
  await network.create({ name: 'south' })
  const body = { kind: 'revoke', subject: 'author', key: new Uint8Array(32).fill(1), reason: '' }
  const event = service.seal(SAMPLE_NETWORK_ID, body as Parameters<typeof service.seal>[1], 60_000)
  service.emit(event, 'gossip')
  equal(heard, ['gossip fake.example'])
  stopListening()
  service.emit(event, 'gossip')
  equal(heard, ['gossip fake.example'])
})
