/** What a comparison leaves open, and where a peer that never comes to an end is left. */
import { createHash } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { equal, is } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import {
  CATCH_UP_MS_MAX,
  CatchUp,
  type CatchUpPorts,
  SLOW_AGAIN_MS,
  SLOW_PAUSE_MS
} from '../../../src/network/catch-up.ts'
import type { Verdict } from '../../../src/network/events/verdict.ts'
import type { EventStore, KeptEvent } from '../../../src/network/ports.ts'
import type { KindDifference } from '../../../src/network/sync/sync-session.ts'
import { Author, alertBody, NETWORK } from '../../support/network.ts'
import { START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: catch-up')
const PEER = peerIdFromString('12D3KooWGRUacWGiHsX7rP6BFXrmP2mLeCyDwmuUYv6gPNP7qKMv')
const SIGNAL = new AbortController().signal
const alice = new Author('alice')

function idOf(name: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(name).digest())
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex')
}

interface Scene {
  readonly needs?: readonly Uint8Array[]
  readonly haves?: readonly Uint8Array[]
  /** When this node got what it has. */
  readonly receivedAtMs?: number
  readonly verdict?: Verdict
  /** Not taken a moment ago. */
  readonly refused?: readonly Uint8Array[]
  /** Whether the author was found to say two things under one number. */
  readonly isLiar?: boolean
  fetch?(ids: readonly Uint8Array[], clock: ManualClock): Promise<readonly Uint8Array[]>
  reconcile?(): ReturnType<CatchUpPorts['sync']['reconcile']>
}

function makeCatchUp(scene: Scene) {
  const clock = new ManualClock(START_MS)
  const faults: string[] = []
  const requests: number[] = []
  const submitted: Uint8Array[] = []
  const held = new Set<string>()
  const refused = new Set((scene.refused ?? []).map(hex))
  const difference: KindDifference = {
    ...{ kind: 'alert', needs: scene.needs ?? [], haves: scene.haves ?? [] }
  }
  const ports: CatchUpPorts = {
    clock,
    log: {
      ...{ error: () => undefined, warn: () => undefined, info: () => undefined },
      ...{ debug: () => undefined, isEnabled: () => false }
    },
    sync: {
      reconcile: () =>
        scene.reconcile?.() ??
        Promise.resolve({ differences: [difference], error: undefined, reading: undefined })
    },
    fetch: {
      fetch: async (_peer, ids) => {
        requests.push(ids.length)
        const events = (await scene.fetch?.(ids, clock)) ?? []
        return { refusal: undefined, events, hasMore: events.length > 0 }
      }
    },
    intake: {
      isRefused: (id) => refused.has(hex(id)),
      submit: (bytes) => {
        submitted.push(bytes)
        return Promise.resolve(scene.verdict ?? { verdict: 'accept' })
      }
    },
    events: {
      has: (id) => held.has(hex(id)),
      get: (ids) =>
        ids.map(
          (id) =>
            ({
              id,
              author: alice.key,
              receivedAtMs: scene.receivedAtMs ?? 0
            }) as unknown as KeptEvent
        ),
      equivocations: () =>
        scene.isLiar === true
          ? [{ seq: 1n } as unknown as ReturnType<EventStore['equivocations']>[0]]
          : []
    },
    onReading: () => undefined,
    onFault: (peer) => {
      faults.push(peer.toString())
      return Promise.resolve()
    }
  }
  return { clock, faults, requests, submitted, held, catchUp: new CatchUp(NETWORK.id, ports) }
}

test('what is named and not given is a gap; what is given is none, wanted or not', async () => {
  const given = alice.say(alertBody())
  const verdict = { verdict: 'ignore', reason: 'QUOTA_EXCEEDED' } as const
  const fetch = (ids: readonly Uint8Array[]) =>
    Promise.resolve(ids.some((id) => hex(id) === hex(given.id)) ? [given.bytes] : [])
  const { catchUp } = makeCatchUp({ needs: [given.id, idOf('phantom')], verdict, fetch })
  const result = await catchUp.with(PEER, SIGNAL)
  const gap = { lacking: [hex(idOf('phantom'))], unheard: [] }
  equal(result, { outcome: 'same', gap, lacksStill: true })
})

test('what was refused a moment ago, or is half of a proof, is neither fetched again nor a gap', async () => {
  const scene = { needs: [idOf('refused'), idOf('half')], refused: [idOf('refused')] }
  const { catchUp, requests, held } = makeCatchUp(scene)
  held.add(hex(idOf('half')))
  const result = await catchUp.with(PEER, SIGNAL)
  equal([requests, result?.gap?.lacking], [[], []])
})

test('what the peer lacks of a liar is no gap', async () => {
  const { catchUp } = makeCatchUp({ haves: [idOf('own')], receivedAtMs: 1, isLiar: true })
  equal((await catchUp.with(PEER, SIGNAL))?.gap?.unheard, [])
})

for (const [name, receivedAtMs, count] of [
  ['has been here for half a minute', START_MS - 30_000, 1],
  ['came just now', START_MS - 29_999, 0]
] as const) {
  test(`what the peer lacks is ${count === 1 ? 'a' : 'no'} gap if it ${name}`, async () => {
    const { catchUp } = makeCatchUp({ haves: [idOf('own')], receivedAtMs })
    const result = await catchUp.with(PEER, SIGNAL)
    is(result?.gap?.unheard.length, count)
  })
}

for (const [reason, count] of [
  ['SIGNATURE_INVALID', 1],
  ['FROM_THE_FUTURE', 0]
] as const) {
  test(`an event that is refused for ${reason} is ${count === 1 ? 'a' : 'no'} fault of the peer`, async () => {
    const { bytes, id } = alice.say(alertBody())
    const verdict = { verdict: 'reject', reason } as const
    const { catchUp, faults } = makeCatchUp({
      ...{ needs: [id], verdict, fetch: () => Promise.resolve([bytes]) }
    })
    await catchUp.with(PEER, SIGNAL)
    is(faults.length, count)
  })
}

for (const [name, give] of [
  ['that was not asked for', () => [alice.say(alertBody()).bytes]],
  ['twice', (bytes: Uint8Array) => [bytes, bytes]],
  ['that is none', () => [new Uint8Array(100)]]
] as const satisfies readonly (readonly [string, (bytes: Uint8Array) => Uint8Array[]])[]) {
  test(`an event ${name} is not taken, and a fault of the peer`, async () => {
    const { bytes, id } = alice.say(alertBody())
    const { catchUp, faults, submitted } = makeCatchUp({
      ...{ needs: [id], fetch: () => Promise.resolve(give(bytes)) }
    })
    await catchUp.with(PEER, SIGNAL)
    equal([faults.length, submitted.length], [1, 0])
  })
}

test('a peer that gives one event at a time, slowly, is left after five minutes', async () => {
  const said = Array.from({ length: 20 }, () => alice.say(alertBody()))
  const fetch = async ([first = idOf('none')]: readonly Uint8Array[], clock: ManualClock) => {
    await clock.advance(19_000)
    return said.filter(({ id }) => hex(id) === hex(first)).map(({ bytes }) => bytes)
  }
  const others = Array.from({ length: 5_000 }, (_, i) => idOf(String(i)))
  const needs = [...said.map(({ id }) => id), ...others]
  const { catchUp, requests, clock } = makeCatchUp({ needs, fetch })
  const result = await catchUp.with(PEER, SIGNAL)
  is(requests.length, Math.floor(CATCH_UP_MS_MAX / 19_000) + 1)
  is(clock.nowMs() - START_MS < CATCH_UP_MS_MAX + 20_000, true)
  is(result?.outcome, 'caught-up')
})

test('a peer that holds a session to its deadline is not asked for a while; one that breaks off is', async () => {
  const timeout = new DOMException('too late', 'TimeoutError')
  const slow = makeCatchUp({ reconcile: () => Promise.reject(timeout) })
  await slow.catchUp.with(PEER, SIGNAL)
  equal([slow.catchUp.isSlow(PEER), slow.faults], [true, []])
  await slow.clock.advance(SLOW_PAUSE_MS)
  is(slow.catchUp.isSlow(PEER), false)
  const gone = makeCatchUp({ reconcile: () => Promise.reject(new Error('reset')) })
  await gone.catchUp.with(PEER, SIGNAL)
  equal([gone.catchUp.isSlow(PEER), gone.faults], [false, []])
})

test('whoever was slow is asked at once when he shows himself; if he is slow again, later each time, until he answers', async () => {
  const timeout = new DOMException('too late', 'TimeoutError')
  let isLate = true
  const answer = { differences: [], error: undefined, reading: undefined }
  const reconcile = () => (isLate ? Promise.reject(timeout) : Promise.resolve(answer))
  const { catchUp, clock } = makeCatchUp({ reconcile })
  const pauses: number[] = []
  for (let i = 0; i < 8; i++) {
    await catchUp.with(PEER, SIGNAL)
    catchUp.noteAlive(PEER.toString())
    const startMs = clock.monotonicMs()
    while (catchUp.isSlow(PEER)) await clock.advance(1_000)
    pauses.push(clock.monotonicMs() - startMs)
  }
  const growing = [0, 1, 2, 4, 8, 16].map((factor) => factor * SLOW_AGAIN_MS)
  equal(pauses, [...growing, SLOW_PAUSE_MS, SLOW_PAUSE_MS])
  isLate = false
  await catchUp.with(PEER, SIGNAL)
  isLate = true
  await catchUp.with(PEER, SIGNAL)
  is(catchUp.isSlow(PEER), true)
  catchUp.noteAlive(PEER.toString())
  is(catchUp.isSlow(PEER), false)
})
