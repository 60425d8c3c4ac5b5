/** What strangers ask for over real streams: they get little, keep nothing, and hold no place that others need. */
import { randomBytes } from 'node:crypto'
import { type Stream, StreamResetError } from '@libp2p/interface'
import { equal, is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { STRANGER_QUOTA } from '../../../src/network/fetch-protocol/constants.ts'
import { FramedStream } from '../../../src/network/host/framed-stream.ts'
import { LiveSet } from '../../../src/network/sync/live-set.ts'
import {
  SESSIONS_MAX,
  STRANGER_SESSIONS_MAX
} from '../../../src/network/sync-protocol/constants.ts'
import { SyncProtocol } from '../../../src/network/sync-protocol/sync-protocol.ts'
import { varint } from '../../../src/wire/bytes.ts'
import {
  decodeFetchResponse,
  decodeSyncFrame,
  encodeFetchRequest,
  encodeSyncFrame,
  FETCH_RESPONSE_BYTES_MAX,
  SYNC_FRAME_BYTES_MAX
} from '../../../src/wire/index.ts'
import { HostilePeer } from '../../support/hostile-peer.ts'
import { expectHeard, withHostile } from '../../support/hostile-scene.ts'
import { until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: strangers at work', { timeoutMs: 60_000 })

function framed(stream: Stream, bytesMax: number): FramedStream {
  return new FramedStream(stream, bytesMax, AbortSignal.timeout(40_000))
}

/** Messages of the hash table by their numbers, as its protocol has them. */
const TYPES = { PUT_VALUE: 0, GET_VALUE: 1, ADD_PROVIDER: 2, GET_PROVIDERS: 3, FIND_NODE: 4 }

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(number * 8 + 2), varint(bytes.length), bytes])
}

function tableMessage(type: number, hostile: HostilePeer): Uint8Array {
  const key = Buffer.concat([Uint8Array.of(0x12, 0x20), randomBytes(32)])
  const record = Buffer.concat([field(1, key), field(2, randomBytes(1_000))])
  const provider = Buffer.concat([
    field(1, hostile.node.peerId.toMultihash().bytes),
    field(2, Uint8Array.of(4, 9, 9, 9, 9, 6, 0, 1))
  ])
  const fields = [Uint8Array.of(8, type), field(2, key), field(3, record), field(9, provider)]
  return Buffer.concat(fields)
}

test('the hash table leads to peers, and neither keeps nor gives anything else', () =>
  withHostile(async (scene) => {
    const { a, hostile } = scene
    for (const [name, type] of Object.entries(TYPES)) {
      const stream = await hostile.open(a, 'kad')
      const frames = framed(stream, SYNC_FRAME_BYTES_MAX)
      await frames.write(tableMessage(type, hostile))
      const answer = await frames.read(AbortSignal.timeout(5_000)).catch((error: Error) => error)
      if (name === 'FIND_NODE') ok(answer instanceof Uint8Array, String(answer))
      // The stream is over before anything has come.
      else ok(answer === undefined || answer instanceof StreamResetError, `${name}: ${answer}`)
    }
    const kept = a.db.prepare("SELECT key FROM peer_value WHERE key LIKE '/dht%'").all()
    equal(kept, [])
    await expectHeard(scene, '1.1.1.1')
  }))

test('strangers that hold their sessions leave places for the peers of authors', () =>
  withHostile(async ({ a, b, id, hostile }) => {
    const others = await Promise.all(
      Array.from({ length: SESSIONS_MAX }, () => HostilePeer.start(id))
    )
    try {
      const first = encodeSyncFrame({ kind: 'vote', round: 1, refusal: undefined, ranges: [] })
      let answered = 0
      for (const other of others) {
        await other.dial(a)
        const frames = framed(await other.open(a, 'sync'), SYNC_FRAME_BYTES_MAX)
        await frames.write(first)
        const answer = await frames.read()
        if (answer !== undefined && decodeSyncFrame(answer).refusal === undefined) answered++
      }
      is(answered, STRANGER_SESSIONS_MAX)
      const sync = new SyncProtocol(hostile.network, new LiveSet(), {
        ...{ host: b.node.host, clock: new SystemClock() },
        ...{ onDifference: () => undefined, isAuthor: () => true }
      })
      const target = hostile.idOf(a)
      let found = await sync.reconcile(target, AbortSignal.timeout(10_000))
      // B compares on its own as well, one session at a time.
      for (let i = 0; i < 5 && found.error !== undefined; i++) {
        await new Promise((resolve) => setTimeout(resolve, 200))
        found = await sync.reconcile(target, AbortSignal.timeout(10_000))
      }
      is(found.error, undefined)
    } finally {
      await Promise.all(others.map((other) => other.stop()))
    }
  }))

test('whoever opens streams and says nothing holds no place, and is let go of after a moment', () =>
  withHostile(async ({ a, id }) => {
    const others = await Promise.all(Array.from({ length: 4 }, () => HostilePeer.start(id)))
    try {
      const silent: Stream[] = []
      for (const other of others) {
        await other.dial(a)
        const stream = await other.open(a, 'sync')
        stream.send(Uint8Array.of(1))
        silent.push(stream)
      }
      const last = await HostilePeer.start(id)
      others.push(last)
      await last.dial(a)
      const frames = framed(await last.open(a, 'sync'), SYNC_FRAME_BYTES_MAX)
      const first = encodeSyncFrame({ kind: 'vote', round: 1, refusal: undefined, ranges: [] })
      await frames.write(first)
      is(decodeSyncFrame((await frames.read()) ?? new Uint8Array()).refusal, undefined)
      await until(() => silent.every(({ status }) => status !== 'open'), 20_000)
      // It waits a minute now, though there are places.
      const [one] = others
      if (one === undefined) return
      const again = framed(await one.open(a, 'sync'), SYNC_FRAME_BYTES_MAX)
      await again.write(first)
      is(decodeSyncFrame((await again.read()) ?? new Uint8Array()).refusal, 'busy')
    } finally {
      await Promise.all(others.map((other) => other.stop()))
    }
  }))

test('who fetches again and again is told that a limit is reached', () =>
  withHostile(async (scene) => {
    const { a, hostile } = scene
    const heard = await expectHeard(scene, '1.1.1.1')
    const request = encodeFetchRequest({ ids: [Buffer.from(heard, 'hex')] })
    const ask = async () => {
      const frames = framed(await hostile.open(a, 'fetch'), FETCH_RESPONSE_BYTES_MAX)
      await frames.write(request)
      const answer = decodeFetchResponse((await frames.read()) ?? new Uint8Array())
      await frames.close()
      return answer
    }
    let given = 0
    let answer = await ask()
    for (; answer.refusal === undefined && given < 1_000; given++) answer = await ask()
    ok(given >= STRANGER_QUOTA.requestsPerMinute, String(given))
    equal([answer.refusal, answer.events.length], ['limit', 0])
    is(a.node.host.isBanned(hostile.peerId), false)
  }))
