/** Who is answered, and how much: strangers hold not all places, and nobody costs without end. */
import { createHash } from 'node:crypto'
import { equal, is, ok } from 'uvu/assert'
import { ManualClock } from '../../../../src/base/index.ts'
import type { EventPlace } from '../../../../src/network/ports.ts'
import { LiveSet } from '../../../../src/network/sync/live-set.ts'
import {
  ITEMS_PER_MINUTE,
  LATE_PAUSE_MS,
  SESSIONS_MAX,
  SESSIONS_PER_MINUTE,
  STRANGER_SESSIONS_MAX
} from '../../../../src/network/sync-protocol/constants.ts'
import { SyncHandler } from '../../../../src/network/sync-protocol/handler.ts'
import { decodeSyncFrame, encodeSyncFrame } from '../../../../src/wire/index.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: whoever asks by reconciliation')

function asker(peer: string, isAuthor = false, account = peer) {
  return { peer, account, isAuthor }
}

function makeHandler(places: readonly EventPlace[] = []) {
  const clock = new ManualClock(1_000)
  return { clock, handler: new SyncHandler(new LiveSet(places), clock) }
}

/** "I have nothing of these": the other side names everything. */
function nothing(round: number): Uint8Array {
  const ranges = [{ mode: 'ids', ids: [], until: undefined }] as const
  return encodeSyncFrame({ kind: 'vote', round, refusal: undefined, ranges })
}

test('strangers take not all places: peers of authors are answered meanwhile', () => {
  const { handler } = makeHandler()
  const strangers = Array.from({ length: SESSIONS_MAX }, (_, i) => handler.open(asker(`s${i}`)))
  is(strangers.filter((refusal) => refusal === undefined).length, STRANGER_SESSIONS_MAX)
  is(handler.open(asker('author', true)), undefined)
  is(handler.open(asker('other author', true)), undefined)
  is(handler.open(asker('third author', true)), 'busy')
  handler.close(asker('s0'))
  is(handler.open(asker('s9')), undefined)
})

test('a peer has one session at a time, and nobody is answered without', () => {
  const { handler } = makeHandler()
  is(handler.handle(asker('a'), nothing(1)), undefined)
  is(handler.open(asker('a')), undefined)
  is(handler.open(asker('a')), 'busy')
  ok(handler.handle(asker('a'), nothing(1)) !== undefined)
})

test('whoever let a session run out of time waits a minute, under whatever key of one site', async () => {
  const { handler, clock } = makeHandler()
  handler.noteLate(asker('a', false, '1.2.3.4/32'))
  is(handler.open(asker('b', false, '1.2.3.4/32')), 'busy')
  is(handler.open(asker('c', false, '1.2.3.5/32')), undefined)
  await clock.advance(LATE_PAUSE_MS)
  is(handler.open(asker('b', false, '1.2.3.4/32')), undefined)
})

test('so many sessions within a minute and no more', async () => {
  const { handler, clock } = makeHandler()
  const ask = () => {
    const refusal = handler.open(asker('a'))
    if (refusal === undefined) handler.close(asker('a'))
    return refusal
  }
  const refusals = Array.from({ length: SESSIONS_PER_MINUTE }, ask)
  is(
    refusals.every((refusal) => refusal === undefined),
    true
  )
  is(ask(), 'limit')
  await clock.advance(60_000 / SESSIONS_PER_MINUTE)
  equal([ask(), ask()], [undefined, 'limit'])
})

test('who has everything named to him again and again is told that a limit is reached', () => {
  const places = Array.from({ length: 2_000 }, (_, i) => ({
    ...{ kind: 'vote' as const, tsMs: 1_000 + i },
    id: createHash('sha256').update(String(i)).digest()
  }))
  const { handler } = makeHandler(places)
  let named = 0
  let sessions = 0
  for (; sessions < 100 && handler.open(asker('a')) === undefined; sessions++) {
    for (let round = 1; round < 24; round += 2) {
      const answer = handler.handle(asker('a'), nothing(round))
      if (answer === undefined) break
      for (const range of decodeSyncFrame(answer).ranges) {
        if (range.mode === 'ids') named += range.ids.length
      }
    }
    handler.close(asker('a'))
  }
  ok(named > 0.9 * ITEMS_PER_MINUTE && named < ITEMS_PER_MINUTE + 2_000, String(named))
  is(handler.open(asker('a')), 'limit')
  is(handler.open(asker('b')), undefined)
})
