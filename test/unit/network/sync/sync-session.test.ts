/** A session ends, whatever the peer sends. */
import { createHash } from 'node:crypto'
import { equal, is, ok, throws } from 'uvu/assert'
import { SyncError, type SyncErrorCode } from '../../../../src/network/errors.ts'
import type { EventPlace } from '../../../../src/network/ports.ts'
import { LiveSet } from '../../../../src/network/sync/live-set.ts'
import { SyncInitiator, SyncResponder } from '../../../../src/network/sync/sync-session.ts'
import {
  decodeSyncFrame,
  encodeSyncFrame,
  SYNC_FRAME_BYTES_MAX,
  SYNC_SESSION_BYTES_MAX,
  type SyncFrame,
  type SyncRange
} from '../../../../src/wire/index.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('sync session')

function places(count: number, step = 1): EventPlace[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'alert',
    tsMs: 1_000 + i * step,
    id: createHash('sha256').update(String(i)).digest()
  }))
}

function hasCode(code: SyncErrorCode, isFault: boolean) {
  return (error: unknown) =>
    error instanceof SyncError && error.code === code && error.isFault === isFault
}

function opened(set = new LiveSet(places(100))): SyncInitiator {
  const initiator = new SyncInitiator(set)
  initiator.open()
  return initiator
}

function frame(fields: Partial<SyncFrame>): Uint8Array {
  return encodeSyncFrame({
    kind: 'node-announce',
    round: 2,
    refusal: undefined,
    ranges: [],
    ...fields
  })
}

for (const [name, bytes, code, isFault] of [
  ['garbage', Uint8Array.of(0xff, 0xff), 'FRAME_INVALID', true],
  ['a frame that is too large', new Uint8Array(SYNC_FRAME_BYTES_MAX + 1), 'FRAME_INVALID', true],
  ['another kind', frame({ kind: 'vote' }), 'KIND_UNEXPECTED', true],
  ['another round', frame({ round: 4 }), 'ROUND_UNEXPECTED', true],
  ['that it is busy', frame({ refusal: 'busy' }), 'PEER_BUSY', false],
  ['that a limit is reached', frame({ refusal: 'limit' }), 'PEER_LIMIT', false]
] as const) {
  test(`ends with ${code} when the peer answers ${name}`, () => {
    throws(() => opened().receive(bytes), hasCode(code, isFault))
  })
}

test('ends when the peer goes on for ever, and keeps what was found', () => {
  const initiator = new SyncInitiator(new LiveSet(places(1_000)), ['alert'])
  const never: SyncRange = {
    mode: 'fingerprint',
    fingerprint: new Uint8Array(16),
    until: undefined
  }
  let sent = initiator.open()
  let rounds = 0
  throws(
    () => {
      while (sent !== undefined) {
        rounds++
        const { kind, round } = decodeSyncFrame(sent)
        const id = createHash('sha256').update(`invented ${round}`).digest()
        const named: SyncRange = {
          mode: 'ids',
          ids: [id],
          until: { tsMs: 500, idPrefix: new Uint8Array(0) }
        }
        sent = initiator.receive(frame({ kind, round: round + 1, ranges: [named, never] }))
      }
    },
    hasCode('ROUNDS_EXCEEDED', false)
  )
  is(rounds, 12)
  is(initiator.differences[0]?.needs.length, 12)
})

test('refuses a frame after the end, a round out of turn and a kind twice', () => {
  const responder = new SyncResponder(new LiveSet())
  throws(() => responder.receive(frame({ round: 3 })), hasCode('ROUND_UNEXPECTED', true))
  const first = frame({ round: 1 })
  responder.receive(first)
  throws(() => responder.receive(first), hasCode('KIND_UNEXPECTED', true))
  const initiator = new SyncInitiator(new LiveSet(), [])
  is(initiator.open(), undefined)
  throws(() => initiator.receive(first), hasCode('SESSION_ENDED', true))
})

test('frames keep within their size and a session within its bytes, however much is missing', () => {
  const full = new LiveSet(places(60_000))
  const missing = new LiveSet()
  const sessions: number[] = []
  const held = new Map(
    places(60_000).map((place) => [Buffer.from(place.id).toString('hex'), place])
  )
  while (missing.size < 60_000) {
    const initiator = new SyncInitiator(missing, ['alert'])
    const responder = new SyncResponder(full)
    let sent = initiator.open()
    try {
      while (sent !== undefined) {
        const answer = responder.receive(sent)
        ok(sent.length <= SYNC_FRAME_BYTES_MAX && answer.length <= SYNC_FRAME_BYTES_MAX)
        sent = initiator.receive(answer)
      }
    } catch (error) {
      ok(hasCode('ROUNDS_EXCEEDED', false)(error))
    }
    ok(initiator.bytes <= SYNC_SESSION_BYTES_MAX)
    sessions.push(initiator.differences[0]?.needs.length ?? 0)
    for (const id of initiator.differences[0]?.needs ?? []) {
      const place = held.get(Buffer.from(id).toString('hex'))
      if (place !== undefined) missing.insert(place)
    }
    ok(sessions.length < 6)
  }
  equal(missing.digest(), full.digest())
})

test('tells the initiator what the peer lacks, and the responder what it could ask for', () => {
  const all = places(40, 1_000)
  const initiator = new SyncInitiator(new LiveSet(all), ['alert'])
  const responder = new SyncResponder(new LiveSet(all.slice(0, 35)))
  let sent = initiator.open()
  while (sent !== undefined) sent = initiator.receive(responder.receive(sent))
  is(initiator.differences[0]?.haves.length, 5)
  is(initiator.differences[0]?.needs.length, 0)
})

test('tells the time of whoever answers once, and says when it is not told', () => {
  const nowMs = () => 1_800_000_000_000
  for (const [responder, expected] of [
    [new SyncResponder(new LiveSet(places(35)), nowMs), [nowMs(), undefined, undefined]],
    [new SyncResponder(new LiveSet(places(35))), [undefined, undefined, undefined]]
  ] as const) {
    const initiator = new SyncInitiator(new LiveSet(places(40)), ['alert', 'vote', 'retract'])
    const told: (number | undefined)[] = []
    let sent = initiator.open()
    while (sent !== undefined) {
      const isFirstOfKind = decodeSyncFrame(sent).round === 1
      sent = initiator.receive(responder.receive(sent))
      if (isFirstOfKind) told.push(initiator.peerSentAtMs)
    }
    equal(told, expected)
  }
})
