/** What a hostile peer may do on streams and connections: it is let go of, takes little, and honest nodes go on. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { is, ok } from 'uvu/assert'
import { SystemClock } from '../../../src/base/index.ts'
import { FramedStream } from '../../../src/network/host/framed-stream.ts'
import {
  decodeSyncFrame,
  encodeFetchRequest,
  encodeFetchResponse,
  encodeSyncFrame,
  listDigest,
  SYNC_FRAME_BYTES_MAX
} from '../../../src/wire/index.ts'
import { addressOf, HostilePeer, pour } from '../../support/hostile-peer.ts'
import { expectHeard, TTL, withHostile } from '../../support/hostile-scene.ts'
import { alertOf, type TestNode, until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: hostile streams', { timeoutMs: 60_000 })
const MEGABYTES_10 = 10_000_000
/** What lies in buffers between two processes before the other side has its say. */
const IN_BUFFERS = 2_000_000
const nowMs = () => new SystemClock().nowMs()

function framed(stream: Stream): FramedStream {
  return new FramedStream(stream, SYNC_FRAME_BYTES_MAX, AbortSignal.timeout(40_000))
}

/** Answers whatever the node asks on the stream. */
function answering(answer: (request: Uint8Array) => Uint8Array) {
  return async (stream: Stream): Promise<void> => {
    const frames = framed(stream)
    for (;;) {
      const request = await frames.read()
      if (request === undefined) return
      await frames.write(answer(request))
    }
  }
}

/** The peer has an event that the node lacks, as it says. */
function namesOne(request: Uint8Array): Uint8Array {
  const { kind, round } = decodeSyncFrame(request)
  const ids = [Buffer.alloc(32, 7)]
  const ranges = [{ mode: 'ids', ids, until: undefined }] as const
  return encodeSyncFrame({ kind, round: round + 1, refusal: undefined, ranges })
}

for (const protocol of ['sync', 'fetch'] as const) {
  test(`a message of ten megabytes on a ${protocol} stream is refused by its length`, () =>
    withHostile(async (scene) => {
      const sent = await pour(await scene.hostile.open(scene.a, protocol), MEGABYTES_10)
      ok(sent < IN_BUFFERS, String(sent))
      await expectHeard(scene, '1.1.1.1')
    }))
}

test('after a message of ten megabytes nothing more of the peer is taken as gossip', () =>
  withHostile(async (scene) => {
    const { a, hostile } = scene
    const peers = () => a.node.host.gossip.getPeers().map(String)
    ok(peers().includes(hostile.peerId))
    await pour(await hostile.open(a, '/meshsub/1.2.0'), MEGABYTES_10)
    await until(() => !peers().includes(hostile.peerId))
    await expectHeard(scene, '1.1.1.1')
  }))

test('a peer that sends and sends, and never reads its answer, is cut off', () =>
  withHostile(async (scene) => {
    const { a, id, hostile } = scene
    const ids = await publishLists(a, id, 8)
    const stream = await hostile.open(a, 'fetch')
    stream.pause()
    const request = encodeFetchRequest({ ids })
    const frames = framed(stream)
    await frames.write(request)
    const sent = await pour(stream, MEGABYTES_10)
    ok(sent < IN_BUFFERS, String(sent))
    await expectHeard(scene, '1.1.1.1')
  }))

/** Each of some 50 kB, so that an answer is more than what a stream takes unread. */
async function publishLists(node: TestNode, id: string, count: number): Promise<Uint8Array[]> {
  const ids: Uint8Array[] = []
  for (let version = 1; version <= count; version++) {
    const adds = Array.from({ length: 4_000 }, (_, i) => `8.${version}.${i >> 8}.${i & 255}/32`)
    const body = {
      kind: 'list-delta',
      ...{ list: `list-${version}`, version: 1, count: adds.length },
      ...{ previousDigest: new Uint8Array(32), digest: listDigest(adds), adds, removes: [] }
    } as const
    ids.push(Buffer.from((await node.node.publish(id, body, TTL)).id, 'hex'))
  }
  return ids
}

for (const [name, answer] of [
  ['garbage', () => Buffer.alloc(500, 0xff)],
  ['nothing', () => new Uint8Array()],
  [
    'about another kind',
    () => encodeSyncFrame({ kind: 'vote', round: 2, refusal: undefined, ranges: [] })
  ]
] as const) {
  test(`a peer that answers reconciliation with ${name} is not spoken to any more`, () =>
    withHostile(
      async (scene) => {
        const { a, hostile } = scene
        await until(() => a.node.host.isBanned(hostile.peerId))
        await until(() => hostile.node.getConnections().length === 0)
        await hostile.dial(a).catch(() => undefined)
        await until(() => hostile.node.getConnections().length === 0)
        await expectHeard(scene, '1.1.1.1')
      },
      { prepare: (hostile) => hostile.answer('sync', answering(answer)), meet: 'dial' }
    ))
}

for (const [name, answer] of [
  ['garbage', () => Buffer.alloc(500, 0xff)],
  [
    'a forged event',
    (hostile: HostilePeer) => {
      const { bytes } = hostile.seal(alertOf('8.8.8.8', nowMs()))
      const forged = Uint8Array.from(bytes)
      forged[bytes.length - 40] = (forged[bytes.length - 40] ?? 0) ^ 1
      return encodeFetchResponse({ refusal: undefined, events: [forged], hasMore: false })
    }
  ]
] as const) {
  test(`a peer that gives ${name} for an event that it named is not spoken to any more`, () =>
    withHostile(
      async (scene) => {
        await until(() => scene.a.node.host.isBanned(scene.hostile.peerId))
        const heard = await expectHeard(scene, '1.1.1.1')
        is(scene.a.alertIds().join(), heard)
      },
      {
        prepare: async (hostile) => {
          await hostile.answer('sync', answering(namesOne))
          await hostile.answer(
            'fetch',
            answering(() => answer(hostile))
          )
        },
        meet: 'dial'
      }
    ))
}

test('a peer that goes on answering for ever is left after as many rounds as there are', () => {
  let rounds = 0
  const never = (request: Uint8Array) => {
    rounds++
    const { kind, round } = decodeSyncFrame(request)
    const id = Buffer.alloc(32, round)
    const ids = { mode: 'ids', ids: [id], until: { tsMs: 1, idPrefix: new Uint8Array() } } as const
    const fingerprint = new Uint8Array(16)
    const ranges = [ids, { mode: 'fingerprint', fingerprint, until: undefined }] as const
    return encodeSyncFrame({ kind, round: round + 1, refusal: undefined, ranges })
  }
  const nothing = () => encodeFetchResponse({ refusal: undefined, events: [], hasMore: true })
  return withHostile(
    async (scene) => {
      const lastSync = () => scene.a.node.status().networks[0]?.lastSync
      await until(() => rounds > 0 && lastSync()?.outcome === 'failed')
      // Half of 24, and nothing was begun after it.
      is(rounds, 12)
      await expectHeard(scene, '1.1.1.1')
    },
    {
      prepare: async (hostile) => {
        await hostile.answer('sync', answering(never))
        await hostile.answer('fetch', answering(nothing))
      }
    }
  )
})

test('peers that take the question and say nothing do not keep a node from catching up with another', () =>
  withHostile(
    async (scene) => {
      const { a, b, id, hostile } = scene
      const others = await Promise.all([HostilePeer.start(id), HostilePeer.start(id)])
      try {
        await a.stop()
        const missed = await b.node.publish(id, alertOf('8.8.8.8', nowMs()), TTL)
        await a.start()
        for (const other of [hostile, ...others]) {
          if (other !== hostile) await other.answer('sync', silence)
          await other.dial(a)
        }
        await until(() => a.alertIds().includes(missed.id))
      } finally {
        await Promise.all(others.map((other) => other.stop()))
      }
    },
    { prepare: (hostile) => hostile.answer('sync', silence) }
  ))

async function silence(stream: Stream): Promise<void> {
  await once(stream, 'close', { signal: AbortSignal.timeout(40_000) }).catch(() => undefined)
}

function dialRaw(target: TestNode): Promise<Socket> {
  const [, , host = '', , port = ''] = addressOf(target).split('/')
  const socket = connect({ host, port: Number(port) })
  socket.on('error', () => undefined)
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)))
}

test('ten megabytes before any handshake, and connections that open and drop, leave the node as it was', () =>
  withHostile(async (scene) => {
    const { a, b, hostile } = scene
    const loud = await dialRaw(a)
    const chunk = Buffer.alloc(65_536, 0xff)
    let sent = 0
    while (sent < MEGABYTES_10 && !loud.destroyed) {
      sent += chunk.length
      if (loud.write(chunk)) continue
      await new Promise((resolve) => {
        loud.once('drain', resolve)
        loud.once('close', resolve)
      })
    }
    ok(sent < MEGABYTES_10, String(sent))
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => dialRaw(a)))
      for (const socket of sockets) socket.destroy()
    }
    for (let i = 0; i < 20; i++) {
      await hostile.node.hangUp(hostile.idOf(a))
      await hostile.dial(a)
    }
    await expectHeard(scene, '1.1.1.1')
    await b.stop()
    await b.start()
    await expectHeard(scene, '9.9.9.9')
    is(a.node.status().connectedPeers, 2)
    is(a.node.peers().length, 2)
  }))
