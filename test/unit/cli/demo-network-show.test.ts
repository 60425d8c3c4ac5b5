import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, match, not } from 'uvu/assert'
import type { ApiClient } from '../../../src/api/index.ts'
import { ManualClock } from '../../../src/base/index.ts'
import type { CaughtUp, Listener, Member } from '../../../src/cli/demo/demo-network.ts'
import { NetworkShow } from '../../../src/cli/demo/network-show.ts'
import type { WireAlert } from '../../../src/cli/demo/network-wording.ts'
import { Screen } from '../../../src/cli/demo/screen.ts'
import { type StepId, Steps } from '../../../src/cli/demo/steps.ts'
import type { AppliedDecision } from '../../../src/cli/demo/wording.ts'
import { FakeIo } from '../../support/fake-cli.ts'
import { suite } from '../../support/suite.ts'

const test = suite('what the demo shows of its network')
const START_MS = Date.UTC(2026, 10, 25)
const KEY = 'a1'.repeat(32)
const OTHER_KEY = 'b2'.repeat(32)
/** A node that never comes. */
const never = new Promise<CaughtUp>(() => undefined)
const NETWORK_STEPS = ['alerted', 'heard', 'voted', 'caught-up', 'hearsay'] as const

/** Waiting takes no time. */
class PassingClock extends ManualClock {
  override async sleep(durationMs: number): Promise<void> {
    await this.advance(durationMs)
  }
}

let folder = ''
test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netminder-show-'))
})
test.afterEach(() => rmSync(folder, { recursive: true, force: true }))

const sent: WireAlert = {
  id: 'c3'.repeat(32),
  network: 'd4'.repeat(16),
  author: KEY,
  author_name: null,
  is_own: true,
  at: '2026-11-25T00:00:00.100Z',
  until: '2026-11-25T00:01:00.100Z',
  received_at: '2026-11-25T00:00:00.100Z',
  via: 'own',
  category: 'scanner',
  severity: 'high',
  confidence: 0.9,
  prefixes: ['127.1.2.3'],
  requests_bucket: 2
}

function heard(after: number, changes: Partial<WireAlert> = {}): WireAlert {
  const received = new Date(Date.parse(sent.at) + after).toISOString()
  const theirs = { author_name: 'node-1', is_own: false, via: 'gossip', received_at: received }
  return { ...sent, ...theirs, ...changes } as WireAlert
}

interface Said {
  readonly alerts?: readonly WireAlert[]
  readonly votes?: number
  readonly accusers?: readonly string[]
  readonly mode?: string
  readonly decisions?: readonly { readonly type: string; readonly value: string }[]
  readonly list?: string
}

/** A node that says what it is told to say. */
function listener(name: string, said: Said = {}): Listener {
  const { alerts = [heard(9)], votes = 1, accusers = [KEY], mode = 'enforce' } = said
  const answers: Record<string, unknown> = {
    listAlerts: { items: alerts, next_cursor: null },
    listThreats: { items: [{ prefix: '127.1.2.3', accusers, own_verdict: null }] },
    showNetworkStatus: { author: OTHER_KEY, networks: [{ live_events: { vote: votes } }] },
    showMode: { overall: mode },
    listDecisions: { items: said.decisions ?? [], next_cursor: null }
  }
  const banList = join(folder, `${name}.list`)
  writeFileSync(banList, said.list ?? '')
  const call = ((id: string) => Promise.resolve(answers[id])) as ApiClient['call']
  return { place: { name, dataDir: folder, nodeLog: '', banList }, client: { call } }
}

function attacked(author = KEY): Member {
  const call = (() => Promise.resolve({ author })) as unknown as ApiClient['call']
  return { place: { name: 'node-1', dataDir: folder, nodeLog: '' }, client: { call } }
}

const caughtUp: CaughtUp['reached'] = {
  tookMs: 321,
  alerts: [heard(6_000, { via: 'sync' })],
  peers: ['node-1', 'node-2']
}

/** Shows one alert and the latecomer. @returns the steps that happened, and the screen */
async function show(
  listeners: readonly Listener[],
  options: { readonly alert?: WireAlert; readonly reached?: CaughtUp['reached']; key?: string } = {}
): Promise<{ readonly steps: readonly StepId[]; readonly out: string; readonly isIdle: boolean }> {
  const io = new FakeIo({ columns: 80 })
  const clock = new PassingClock(START_MS)
  const screen = new Screen(io, clock, { areColorsWelcome: false })
  const steps = new Steps({ hasHaproxy: false })
  const reached = 'reached' in options ? options.reached : caughtUp
  const missed = { alert: 1, vote: 1, 'node-announce': 3 }
  const network = {
    members: [attacked(options.key), ...listeners],
    listeners,
    joinLate: () => Promise.resolve({ member: listener('node-4'), missed, reached })
  }
  const { signal } = new AbortController()
  const commandFor = (words: string) => `netminder ${words}`
  const shown = new NetworkShow({ network, clock, screen, steps, commandFor, signal })
  await shown.warned(options.alert ?? sent)
  for (let turn = 0; turn < 3; turn++) {
    await clock.advance(5_000)
    await shown.advance()
    await shown.ended()
  }
  await shown.conclude()
  return {
    steps: NETWORK_STEPS.filter((id) => steps.isDone(id)),
    out: io.out,
    isIdle: shown.isIdle
  }
}

test('tells who signed, when each of the others had it, the votes, and who comes late', async () => {
  const { steps, out, isIdle } = await show([
    listener('node-2', { alerts: [heard(9)] }),
    listener('node-3', { alerts: [heard(14)] })
  ])
  equal(steps, NETWORK_STEPS)
  is(isIdle, true)
  match(out, 'signed by node-1, key a1a1a1a1a1a1a1a1…')
  match(out, 'node-2 in 9 ms, node-3 in 14 ms after it was signed')
  match(out, /votes +to block: 1 of 3 nodes/)
  match(out, 'node-2 has heard of it; it blocks nobody on hearsay')
  match(out, 'node-4 caught up on 5 events in 321 ms')
  match(out, '1 alert, 1 vote, 3 node-announces')
  equal(
    out.split('\n').filter((line) => line.length > 80),
    []
  )
})

test('says so once when the bans after the first alert are not told at once', async () => {
  const io = new FakeIo({ columns: 80 })
  const clock = new PassingClock(START_MS)
  const screen = new Screen(io, clock, { areColorsWelcome: false })
  const listeners = [listener('node-2')]
  const network = { members: [attacked(), ...listeners], listeners, joinLate: () => never }
  const shown = new NetworkShow({
    ...{ network, clock, screen, steps: new Steps({ hasHaproxy: false }) },
    commandFor: (words) => `netminder ${words}`,
    signal: new AbortController().signal
  })
  const ban = (address: string) =>
    shown.decided({ type: 'ban', prefixes: [`${address}/32`], value: address } as AppliedDecision)
  ban('127.1.2.3')
  await shown.warned(sent)
  await clock.advance(4_000)
  await shown.advance()
  not.match(io.out, 'gathered')
  ban('127.4.5.6')
  await clock.advance(4_000)
  await shown.advance()
  await shown.advance()
  is(io.out.split('gathered into one').length, 2)
})

for (const { name, silent } of [
  { name: 'an alert that one of them never has', silent: { alerts: [] } },
  {
    name: 'an alert of the same id by somebody else',
    silent: { alerts: [heard(9, { author: OTHER_KEY })] }
  }
]) {
  test(`does not count ${name} as heard, and waits for nobody then`, async () => {
    const { steps, out, isIdle } = await show([listener('node-2'), listener('node-3', silent)])
    equal(steps, ['alerted'])
    match(out, 'node-3 did not hear of it')
    is(isIdle, true)
  })
}

test('does not take an alert of another key for that of the attacked node', async () => {
  const { steps } = await show([listener('node-2')], { key: OTHER_KEY })
  not.ok(steps.includes('alerted'))
})

for (const { name, said } of [
  { name: 'no vote has arrived', said: { votes: 0 } },
  { name: 'the attacked node does not accuse', said: { accusers: [OTHER_KEY] } }
]) {
  test(`does not count votes where ${name}`, async () => {
    const { steps, out } = await show([listener('node-2'), listener('node-3', said)])
    equal(steps, ['alerted', 'heard', 'caught-up', 'hearsay'])
    match(out, /votes +not counted/)
  })
}

for (const { name, said, says } of [
  {
    name: 'a block',
    said: { decisions: [{ type: 'ban', value: '127.1.2.3' }] },
    says: 'node-3 blocks 127.1.2.3 on hearsay'
  },
  {
    name: 'an entry in a list',
    said: { list: '127.1.2.3\n' },
    says: 'written its list on hearsay'
  },
  { name: 'a node that could not act', said: { mode: 'shadow' }, says: 'is in shadow mode' }
]) {
  test(`does not say that nobody blocks on hearsay with ${name}`, async () => {
    const { steps, out } = await show([listener('node-2'), listener('node-3', said)])
    equal(steps, ['alerted', 'heard', 'voted', 'caught-up'])
    match(out, says)
  })
}

for (const { name, reached } of [
  { name: 'does not come to hold the same', reached: undefined },
  { name: 'has no alert by reconciliation', reached: { ...caughtUp, alerts: [] } }
]) {
  test(`does not call a node caught up that ${name}`, async () => {
    const { steps } = await show([listener('node-2'), listener('node-3')], { reached })
    equal(steps, ['alerted', 'heard', 'voted', 'hearsay'])
  })
}
