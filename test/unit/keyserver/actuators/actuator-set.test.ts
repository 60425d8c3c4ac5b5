import { equal, is, ok } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import {
  type Actuator,
  type ActuatorEntry,
  ActuatorSet,
  type ApplyReport
} from '../../../../src/keyserver/index.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('a set of actuators')
const signal = new AbortController().signal

function ban(address: string): ActuatorEntry {
  return { prefix: `${address}/32`, action: 'ban', untilMs: 1e12, decisionId: 'd' }
}

/** Holds what it is told, unless the test tells it to fail, to wait or to have lost something. */
class FakeActuator implements Actuator {
  readonly kind = 'plain-list'
  readonly actions = ['ban'] as const
  readonly name: string
  readonly calls: string[][] = []
  failure: Error | undefined
  gate: Promise<void> | undefined
  mended = 0
  running = 0
  runningMax = 0
  #held: readonly ActuatorEntry[] = []

  constructor(name: string) {
    this.name = name
  }

  async apply(desired: readonly ActuatorEntry[], abort: AbortSignal): Promise<ApplyReport> {
    this.calls.push(desired.map((entry) => entry.prefix.replace('/32', '')))
    this.runningMax = Math.max(this.runningMax, ++this.running)
    try {
      if (this.gate !== undefined) {
        const aborted = new Promise<never>((_, reject) =>
          abort.addEventListener('abort', () => reject(abort.reason), { once: true })
        )
        await Promise.race([this.gate, aborted])
      }
      if (this.failure !== undefined) throw this.failure
      const removed = this.#held.length
      this.#held = desired
      return { added: desired.length, removed, mended: this.mended, refused: [] }
    } finally {
      this.running--
    }
  }

  held = () => Promise.resolve(this.#held)
  dryRun = () =>
    this.failure === undefined ? Promise.resolve(['would']) : Promise.reject(this.failure)
  check = () => Promise.resolve([])
  describe = (entry: ActuatorEntry) => `${this.name} ${entry.prefix}`
}

async function setUp(count = 1, options: { applyTimeoutMs?: number } = {}) {
  const clock = new ManualClock(1_000_000)
  const fakes = Array.from({ length: count }, (_, i) => new FakeActuator(`a${i}`))
  const logged: string[] = []
  const applied: string[] = []
  const set = new ActuatorSet(
    fakes,
    { reconcileIntervalMs: new Map([['a0', 10_000]]), ...options },
    {
      clock,
      random: { next: () => 0.5 },
      logger: {
        info: (_, message) => void logged.push(`info ${message}`),
        warn: (_, message) => void logged.push(`warn ${message}`)
      },
      onApplied: (name) => void applied.push(name)
    }
  )
  await set.start()
  const [first] = fakes
  if (first === undefined) throw new Error('expected an actuator')
  return { clock, set, first, fakes, logged, applied }
}

test('gathers what comes close together and tells only the newest', async () => {
  const { clock, set, first, applied } = await setUp()
  set.setDesired([ban('192.0.2.1')])
  set.setDesired([ban('192.0.2.1'), ban('192.0.2.2')])
  await clock.advance(49)
  equal(first.calls, [])
  await clock.advance(1)
  equal(first.calls, [['192.0.2.1', '192.0.2.2']])
  equal(applied, ['a0'])
  const [status] = set.statuses()
  equal(
    [status?.state, status?.desired, status?.held, status?.lastAppliedAtMs],
    ['ok', 2, 2, 1_000_050]
  )
  await set.stop()
})

test('what is told before the start is applied after it', async () => {
  const { clock, set, first } = await setUp()
  await set.stop()
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(1_000)
  equal(first.calls, [])
  await set.start()
  await clock.advance(50)
  equal(first.calls, [['192.0.2.1']])
  await set.stop()
})

test('what is told while an apply is under way is applied after it, never beside it', async () => {
  const { clock, set, first } = await setUp()
  const { promise, resolve } = Promise.withResolvers<void>()
  first.gate = promise
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(50)
  set.setDesired([ban('192.0.2.2')])
  await clock.advance(500)
  equal(first.calls, [['192.0.2.1']])
  first.gate = undefined
  resolve()
  await clock.advance(50)
  await clock.advance(50)
  equal(first.calls, [['192.0.2.1'], ['192.0.2.2']])
  is(first.runningMax, 1)
  await set.stop()
})

test('backs off from one second to one minute, warns once, and recovers with the newest', async () => {
  const { clock, set, first, logged } = await setUp()
  first.failure = new Error('no')
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(50)
  const waits: number[] = []
  for (let i = 0; i < 9; i++) {
    const [status] = set.statuses()
    is(status?.state, 'retrying')
    is(status?.lastError, 'no')
    const waitMs = (status?.nextRetryAtMs ?? 0) - clock.nowMs()
    waits.push(waitMs)
    const before = first.calls.length
    await clock.advance(waitMs - 1)
    is(first.calls.length, before)
    await clock.advance(1)
    is(first.calls.length, before + 1)
  }
  equal(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  equal(logged, ['warn actuator failed; trying again'])
  first.failure = undefined
  set.setDesired([ban('192.0.2.9')])
  await clock.advance(60_000)
  equal(first.calls.at(-1), ['192.0.2.9'])
  const [status] = set.statuses()
  equal([status?.state, status?.lastError, status?.nextRetryAtMs], ['ok', undefined, undefined])
  equal(logged.at(-1), 'info actuator works again')
  await set.stop()
})

test('one that fails or hangs does not hold up the others', async () => {
  const { clock, set, fakes } = await setUp(3)
  const [failing, hanging, good] = fakes
  if (failing !== undefined) failing.failure = new Error('no')
  if (hanging !== undefined) hanging.gate = new Promise(() => undefined)
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(50)
  set.setDesired([ban('192.0.2.2')])
  await clock.advance(50)
  equal(good?.calls, [['192.0.2.1'], ['192.0.2.2']])
  equal(
    set.statuses().map(({ held }) => held),
    [undefined, undefined, 1]
  )
  await set.stop()
})

test('one that never answers is given up after its time and tried again', async () => {
  const { clock, set, first } = await setUp(1, { applyTimeoutMs: 20 })
  first.gate = new Promise(() => undefined)
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(50)
  await new Promise((resolve) => setTimeout(resolve, 60))
  is(set.statuses()[0]?.state, 'retrying')
  first.gate = undefined
  await clock.advance(2_000)
  is(set.statuses()[0]?.held, 1)
  await set.stop()
})

test('compares at its interval, and counts and tells what it mended', async () => {
  const { clock, set, first, logged } = await setUp()
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(50)
  first.mended = 2
  await clock.advance(10_000)
  is(first.calls.length, 2)
  is(set.statuses()[0]?.mendedTotal, 2)
  equal(logged, ['info mended entries that were gone'])
  await set.stop()
})

test('stop ends waiting and working, and what is told afterwards waits for the start', async () => {
  const { clock, set, first } = await setUp()
  first.gate = new Promise(() => undefined)
  set.setDesired([ban('192.0.2.1')])
  await clock.advance(50)
  await set.stop()
  is(first.running, 0)
  is(set.statuses()[0]?.lastError, undefined)
  first.gate = undefined
  await set.start()
  await clock.advance(50)
  is(first.calls.length, 2)
  await set.stop()
})

test('a dry run asks all, also when one cannot tell', async () => {
  const { set, fakes } = await setUp(2)
  const [failing] = fakes
  if (failing !== undefined) failing.failure = new Error('no socket')
  equal(await set.dryRun([], signal), [
    { name: 'a0', lines: ['cannot tell: no socket'] },
    { name: 'a1', lines: ['would'] }
  ])
  await set.stop()
})

test('a sweep tells all of them, also when one fails, and then says so', async () => {
  const { set, fakes } = await setUp(3)
  const [, failing, last] = fakes
  if (failing !== undefined) failing.failure = new Error('no socket')
  let message = ''
  await set.sweep(signal).catch((error: Error) => {
    message = error.message
  })
  is(message, 'no socket')
  equal(last?.calls, [[]])
  equal(set.describe(ban('192.0.2.1')), ['a0 192.0.2.1/32', 'a1 192.0.2.1/32', 'a2 192.0.2.1/32'])
  is(set.isInEffect(ban('192.0.2.1')), true)
  await set.stop()
})

test('counts as desired only what an actuator can carry out', async () => {
  const { set } = await setUp()
  set.setDesired([ban('192.0.2.1'), { ...ban('192.0.2.2'), action: 'throttle' }])
  is(set.statuses()[0]?.desired, 1)
  ok(set.statuses().every(({ state }) => state === 'ok'))
  await set.stop()
})
