/** Whom a node dials, in what order, and whom not. */
import type { PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { equal, is, ok } from 'uvu/assert'
import { ManualClock, seededRandom } from '../../../src/base/index.ts'
import type { Host } from '../../../src/network/host/host.ts'
import { findPeerOfAuthor } from '../../../src/network/host/identity.ts'
import { PeerSeeker } from '../../../src/network/peer-seeker.ts'
import type { EventStore } from '../../../src/network/ports.ts'
import type { SignedNetworkEvent } from '../../../src/wire/index.ts'
import { Author, announceOf, NETWORK } from '../../support/network.ts'
import { START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: peer seeker')
const SELF = peerOf(new Author('self'))
const ADDRESS = multiaddr('/ip4/127.0.0.1/tcp/1').bytes

function peerOf(author: Author): PeerId {
  const peer = findPeerOfAuthor(author.key)
  if (peer === undefined) throw new Error('expected a peer')
  return peer
}

function announce(
  author: Author,
  isLeaving = false,
  named: readonly Uint8Array[] = [ADDRESS]
): SignedNetworkEvent {
  const addresses = isLeaving ? [] : named
  return author.say({ ...announceOf(undefined), addresses, isLeaving } as never)
}

/** Dials of who is not there never come to an end; the others are connected at once. */
function makeSeeker(
  announces: readonly SignedNetworkEvent[],
  scene: {
    readonly bootstrap?: readonly string[]
    readonly unreachable?: readonly string[]
    readonly refusing?: readonly string[]
    readonly mesh?: () => number
    readonly seed?: number
  } = {}
) {
  const clock = new ManualClock(START_MS)
  const peers = new Map<string, PeerId>()
  const banned = new Set<string>()
  const dialed: string[] = []
  const merged = new Map<string, readonly string[]>()
  const host = {
    peerId: SELF,
    isBanned: (peer: string) => banned.has(peer),
    mayDial: (address: unknown) => !String(address).includes('/ip4/10.'),
    node: {
      peerStore: {
        merge: (peer: PeerId, { multiaddrs }: { readonly multiaddrs: readonly unknown[] }) => {
          merged.set(peer.toString(), multiaddrs.map(String))
          return Promise.resolve()
        }
      }
    },
    dial: async (target: PeerId | readonly unknown[]) => {
      const name = String(target)
      dialed.push(name)
      if (scene.refusing?.includes(name)) throw new Error('refused')
      if (scene.unreachable?.includes(name)) await clock.sleep(10_000)
      else if (!Array.isArray(target)) peers.set(name, target as PeerId)
    }
  } as unknown as Host
  const events: Pick<EventStore, 'live'> = {
    live: ({ afterNumber = 0, limit }) =>
      announces
        .slice(afterNumber, afterNumber + limit)
        .map(({ bytes: envelope }, i) => ({ envelope, number: afterNumber + i + 1 }) as never)
  }
  const record = {
    ...{ id: NETWORK.id, name: 'n', document: NETWORK.bytes, admission: undefined },
    ...{ bootstrap: scene.bootstrap ?? [], joinedAtMs: 0 }
  }
  const seeker = new PeerSeeker(record, {
    ...{
      clock,
      random: seededRandom(scene.seed ?? 1),
      host,
      events,
      peers,
      findDht: () => undefined
    },
    meshSize: scene.mesh ?? (() => peers.size)
  })
  const stop = new AbortController()
  return {
    clock,
    peers,
    banned,
    dialed,
    merged,
    seeker,
    signal: stop.signal,
    stop: () => stop.abort()
  }
}

function authors(count: number): readonly Author[] {
  return Array.from({ length: count }, (_, i) => new Author(`author ${i}`))
}

test('dials until there are eight, and more only when it is told to', async () => {
  const all = authors(20)
  const { seeker, peers, signal, stop, clock } = makeSeeker(all.map((author) => announce(author)))
  const seeking = seeker.seek(signal).catch(() => undefined)
  await clock.advance(10 * 60_000)
  const before = peers.size
  ok(before >= 8 && before < 12, String(before))
  await seeker.dialMore(signal)
  ok(peers.size >= before + 4 && peers.size < 20, String(peers.size))
  stop()
  await seeking
})

test('whoever is refused by full meshes dials others until one takes it in', async () => {
  const announces = authors(60).map((author) => announce(author))
  let mesh = 2
  const { seeker, peers, signal, stop, clock } = makeSeeker(announces, { mesh: () => mesh })
  const seeking = seeker.seek(signal).catch(() => undefined)
  await clock.advance(3_000)
  ok(peers.size < 12, `patient at first, got ${peers.size}`)
  await clock.advance(60_000)
  ok(peers.size >= 16, String(peers.size))
  mesh = 6
  await clock.advance(20_000)
  const enough = peers.size
  await clock.advance(10 * 60_000)
  is(peers.size, enough)
  stop()
  await seeking
})

test('nodes that know the same others do not all dial the same', async () => {
  const announces = authors(60).map((author) => announce(author))
  const chosen = new Set<string>()
  for (let seed = 1; seed <= 6; seed++) {
    const { seeker, peers, signal } = makeSeeker(announces, { seed })
    await seeker.dialMore(signal)
    for (const peer of peers.keys()) chosen.add(peer)
  }
  ok(chosen.size > 15, `${chosen.size} of 24`)
})

test('whoever said that he leaves is not dialed, nor whoever is banned, is this node, or is there', async () => {
  const [gone, back, bad, there, fine] = authors(5)
  if (!(gone && back && bad && there && fine)) throw new Error('expected authors')
  const self = new Author('self')
  const { seeker, peers, banned, dialed, signal, stop, clock } = makeSeeker([
    ...[announce(gone), announce(gone, true)],
    ...[announce(back), announce(back, true), announce(back)],
    ...[bad, there, fine, self].map((author) => announce(author))
  ])
  peers.set(peerOf(there).toString(), peerOf(there))
  banned.add(peerOf(bad).toString())
  await seeker.dialMore(signal)
  equal(dialed.toSorted(), [peerOf(back), peerOf(fine)].map(String).toSorted())
  // Nor again and again, when he is lost.
  for (const author of [gone, bad]) seeker.noteLost(peerOf(author))
  peers.delete(peerOf(fine).toString())
  seeker.noteLost(peerOf(fine))
  dialed.length = 0
  const regaining = seeker.regain(signal).catch(() => undefined)
  await clock.advance(60_000)
  equal(dialed, [peerOf(fine).toString()])
  stop()
  await regaining
})

test('addresses of an invitation that do not answer hold up nobody', async () => {
  const [one, two] = authors(2)
  if (!(one && two)) throw new Error('expected authors')
  const bootstrap = ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/1']
  const { seeker, peers, signal, stop, clock } = makeSeeker([announce(one), announce(two)], {
    ...{ bootstrap, unreachable: bootstrap }
  })
  const seeking = seeker.seek(signal).catch(() => undefined)
  await clock.advance(1_000)
  equal([...peers.keys()].toSorted(), [peerOf(one), peerOf(two)].map(String).toSorted())
  stop()
  await clock.advance(20_000)
  await seeking
})

test('goes by the last word of everybody, however many there are', async () => {
  const [wordy, gone] = authors(2)
  if (!(wordy && gone)) throw new Error('expected authors')
  const many = Array.from({ length: 2_500 }, () => announce(wordy))
  const { seeker, dialed, signal } = makeSeeker([announce(gone), ...many, announce(gone, true)])
  await seeker.dialMore(signal)
  is(dialed.length, 1)
})

test('dials of one peer a few addresses, and none that others have no business to name', async () => {
  const named = Array.from({ length: 16 }, (_, i) =>
    multiaddr(`/ip4/${i < 4 ? 10 : 11}.0.0.${i}/tcp/1`)
  )
  const [author = new Author('a'), inside = new Author('b')] = authors(2)
  const { seeker, merged, dialed, signal, stop } = makeSeeker([
    announce(
      author,
      false,
      named.map(({ bytes }) => bytes)
    ),
    announce(
      inside,
      false,
      named.slice(0, 4).map(({ bytes }) => bytes)
    )
  ])
  await seeker.dialMore(signal)
  equal(dialed, [peerOf(author).toString()])
  equal(merged.get(peerOf(author).toString()), named.slice(4, 10).map(String))
  stop()
})

test('whoever cannot be reached is knocked at less and less, but by a node that is alone', async () => {
  const [friend = new Author('a'), gone = new Author('b')] = authors(2)
  const name = peerOf(gone).toString()
  const { seeker, peers, dialed, clock, signal, stop } = makeSeeker(
    [announce(friend), announce(gone)],
    { refusing: [name] }
  )
  const seeking = seeker.seek(signal).catch(() => undefined)
  const knocks = () => dialed.filter((other) => other === name).length
  await clock.advance(0)
  await clock.advance(4 * 3_600_000)
  // Every fifteen minutes, after the first ones; each minute it would be 240 times.
  ok(knocks() >= 12 && knocks() <= 24, String(knocks()))
  const before = knocks()
  peers.clear()
  await seeker.dialMore(signal)
  is(knocks(), before + 1)
  stop()
  await seeking
})
