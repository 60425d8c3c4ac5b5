import { EventEmitter } from 'node:events'
import * as assert from 'uvu/assert'
import { EventHub } from '../../../src/api/events/event-hub.ts'
import { EventStream } from '../../../src/api/events/event-stream.ts'
import { ApiClient, declareApiMetrics } from '../../../src/api/index.ts'
import { ManualClock } from '../../../src/base/index.ts'
import { PrometheusRegister } from '../../../src/telemetry/index.ts'
import { type FakeApi, sampleDecision, startFakeApi } from '../../support/fake-api.ts'
import { rawConnection } from '../../support/raw-http.ts'
import { suite } from '../../support/suite.ts'

const test = suite('API event stream')
let api: FakeApi

async function restart(options: Parameters<typeof startFakeApi>[0] = {}): Promise<void> {
  await api?.stop()
  api = await startFakeApi({ eventsRemembered: 3, ...options })
}

test.beforeEach(() => restart())
test.afterEach(() => api.stop())

const AUTHORIZED = 'Host: localhost\r\nAuthorization: Bearer read-token\r\n'

function follow(lastEventId?: string) {
  const resume = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`
  return rawConnection(api).then(async (client) => {
    client.socket.write(`GET /api/events HTTP/1.1\r\n${AUTHORIZED}${resume}\r\n`)
    await client.until(/retry: /)
    return client
  })
}

function decide(value: string): void {
  api.guard.emit({ kind: 'decided', decision: sampleDecision({ value }) })
}

function idOf(text: string, value: string): string {
  const block = text.split('\n\n').find((part) => part.includes(`"value":"${value}"`)) ?? ''
  return /id: (\S+)/.exec(block)?.[1] ?? ''
}

test('sends every kind of effect as an event with an id', async () => {
  const client = await follow()
  decide('192.0.2.1')
  const decision = sampleDecision({ value: '192.0.2.2' })
  api.guard.emit({ kind: 'extended', decision })
  api.guard.emit({ kind: 'ended', decision, atMs: 0, why: 'expired' })
  api.guard.emit({
    kind: 'suppressed',
    suppression: {
      atMs: 0,
      value: '192.0.2.3',
      wanted: 'ban',
      category: 'scanner',
      protectedBy: 'allowlist',
      detail: ''
    }
  })
  await client.until(/event: suppression/)
  const text = client.received()
  for (const event of ['decision.created', 'decision.extended', 'decision.ended']) {
    assert.match(text, new RegExp(`id: \\w+-\\d+\\nevent: ${event}\\ndata: \\{`))
  }
  assert.match(text, '"why":"expired"')
  client.socket.destroy()
})

test('resumes after the last event that the client has seen', async () => {
  const first = await follow()
  decide('192.0.2.1')
  decide('192.0.2.2')
  await first.until(/192\.0\.2\.2/)
  const id = idOf(first.received(), '192.0.2.1')
  first.socket.destroy()
  decide('192.0.2.3')
  const second = await follow(id)
  await second.until(/192\.0\.2\.3/)
  assert.match(second.received(), '192.0.2.2')
  assert.not.match(second.received(), '192.0.2.1')
  assert.not.match(second.received(), 'event: gap')
  second.socket.destroy()
})

test('says so where events were lost to a client that comes back too late', async () => {
  const first = await follow()
  decide('192.0.2.1')
  await first.until(/192\.0\.2\.1/)
  const id = idOf(first.received(), '192.0.2.1')
  first.socket.destroy()
  for (let i = 2; i <= 6; i++) decide(`192.0.2.${i}`)
  const late = await follow(id)
  await late.until(/192\.0\.2\.6/)
  assert.match(late.received(), 'event: gap')
  assert.not.match(late.received(), '192.0.2.3"')
  late.socket.destroy()
  const foreign = await follow('00000000-9')
  await foreign.until(/192\.0\.2\.6/)
  assert.match(foreign.received(), 'event: gap')
  foreign.socket.destroy()
})

test('shows that it lives while nothing happens', async () => {
  await restart({ heartbeatMs: 20 })
  const client = await follow()
  await client.until(/: still here[^:]+: still here/)
  client.socket.destroy()
})

test('refuses more clients than allowed, and takes one when one has gone', async () => {
  await restart({ maxEventStreams: 1 })
  const first = await follow()
  const second = await rawConnection(api)
  second.socket.write(`GET /api/events HTTP/1.1\r\n${AUTHORIZED}\r\n`)
  await second.until(/TOO_MANY_STREAMS"/)
  assert.match(second.received(), /^HTTP\/1\.1 503 /)
  second.socket.destroy()
  first.socket.destroy()
  for (let i = 0; i < 100; i++) {
    const next = await rawConnection(api)
    next.socket.write(`GET /api/events HTTP/1.1\r\n${AUTHORIZED}\r\n`)
    await next.until(/\r\n\r\n/)
    const isOpen = next.received().startsWith('HTTP/1.1 200')
    next.socket.destroy()
    if (isOpen) return
  }
  assert.unreachable('expected the place to be free again')
})

test('drops a client that does not read and keeps the others', async () => {
  const register = new PrometheusRegister({ hasProcessMetrics: false })
  await api.stop()
  api = await startFakeApi({}, { apiMetrics: declareApiMetrics(register) })
  const isDropped = async () =>
    (await register.text()).includes('netminder_api_dropped_event_stream_clients_total 1')
  const slow = await follow()
  slow.socket.pause()
  const quick = await follow()
  const reasons = [{ rule: 'r', text: 'x'.repeat(100_000), counters: {} }]
  for (let i = 0; i < 500 && !(await isDropped()); i++) {
    api.guard.emit({ kind: 'decided', decision: sampleDecision({ reasons }) })
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(await isDropped())
  slow.socket.destroy()
  decide('192.0.2.77')
  await quick.until(/192\.0\.2\.77/)
  quick.socket.destroy()
})

test('drops a client in whose way bytes have waited too long', async () => {
  const register = new PrometheusRegister({ hasProcessMetrics: false })
  const response = Object.assign(new EventEmitter(), {
    destroyed: false,
    writableEnded: false,
    writableLength: 10,
    writeHead() {},
    write: () => false,
    destroy() {
      response.destroyed = true
    }
  })
  const clock = new ManualClock()
  const stream = new EventStream(
    { maxClients: 1, heartbeatMs: 1_000, backlogBytesMax: 1_000, stallTimeoutMs: 5_000 },
    {
      hub: new EventHub({ run: 'r', capacity: 1 }),
      clock,
      metrics: declareApiMetrics(register)
    }
  )
  const stop = new AbortController()
  stream.start(stop.signal)
  stream.open({ headers: {} } as never, response as never)
  await clock.advance(4_000)
  assert.is(response.destroyed, false)
  await clock.advance(1_000)
  assert.is(response.destroyed, true)
  assert.is(stream.clientCount, 0)
  stop.abort()
})

test('ends streams when the API stops', async () => {
  const client = await follow()
  await api.stop()
  await client.closed
  client.socket.destroy()
})

test('is followed by the client until it has had enough', async () => {
  const client = new ApiClient({ url: api.url, token: 'read-token' })
  const enough = new AbortController()
  const seen: string[] = []
  const timer = setInterval(() => decide('192.0.2.8'), 10)
  try {
    for await (const event of client.events({ signal: enough.signal })) {
      seen.push(event.event)
      assert.match(event.id, /^\w+-\d+$/)
      if (seen.length === 2) break
    }
  } finally {
    clearInterval(timer)
    enough.abort()
  }
  assert.equal(seen, ['decision.created', 'decision.created'])
})
