/**
 * What is large is read last. The bodies here are no lists at all, which shows whether anybody has read them: by what is refused
 * before, and by what is refused for it.
 */
import { equal, is } from 'uvu/assert'
import { QUOTA_LEVELS } from '../../../src/network/events/quota.ts'
import { Event, SignedEvent } from '../../../src/wire/generated/event.ts'
import { type Signer, signatureInput } from '../../../src/wire/index.ts'
import { Author, bytesOf, makeNode, NETWORK, reasonOf } from '../../support/network.ts'
import { START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: large events')
const LIST_DELTA = 3
const ORIGIN = { via: 'gossip', topic: 'list' } as const

function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function unreadable(signer: Signer, seq: bigint, length = 40_000): Uint8Array {
  const payload = Event.encode({
    ...{ version: 1, network: own(NETWORK.id), kind: LIST_DELTA, author: own(signer.publicKey) },
    ...{ seq, tsMs: BigInt(START_MS), expMs: BigInt(START_MS + 3_600_000) },
    body: new Uint8Array(length).fill(0xff)
  })
  return SignedEvent.encode({ payload, signature: own(signer.sign(signatureInput(payload))) })
}

function unsigned(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bytes.length - 40] = (copy[bytes.length - 40] ?? 0) ^ 1
  return copy
}

test('of a stranger it is not read, nor is its signature checked', async () => {
  let verified = 0
  const verify = () => {
    verified++
    return Promise.resolve(true)
  }
  const { submit } = makeNode({ ports: { verify } })
  const stranger = new Author('stranger')
  const verdict = await submit(unreadable(stranger.signer, 1n), ORIGIN)
  equal([reasonOf(verdict), verified], ['ignore UNKNOWN_AUTHOR', 0])
  const small = await submit(unreadable(stranger.signer, 1n, 100), ORIGIN)
  is(reasonOf(small), 'reject MALFORMED')
})

test('of an author it is read when its signature is good, and not before', async () => {
  const { gossip, submit } = makeNode()
  const author = new Author('author')
  is(reasonOf(await gossip(author.announce())), 'accept')
  const bytes = unreadable(author.signer, 9n)
  is(reasonOf(await submit(unsigned(bytes), ORIGIN)), 'reject SIGNATURE_INVALID')
  is(reasonOf(await submit(bytes, ORIGIN)), 'reject MALFORMED')
})

test('of an author who has said all that he may it is not read', async () => {
  const { gossip, submit } = makeNode()
  const author = new Author('author')
  is(reasonOf(await gossip(author.announce())), 'accept')
  const said = []
  for (let i = 0; i < (QUOTA_LEVELS[1]?.eventsPerHour ?? 0) * 2; i++) {
    const digest = bytesOf(String(i))
    const delta = { version: 1, previousDigest: new Uint8Array(32), digest, count: 0 }
    const body = { kind: 'list-delta', list: `list-${i}`, ...delta, adds: [], removes: [] } as const
    said.push(reasonOf(await gossip(author.say(body))))
  }
  equal([...new Set(said)], ['accept'])
  is(reasonOf(await submit(unreadable(author.signer, 999n), ORIGIN)), 'ignore QUOTA_EXCEEDED')
})

test('a founder may say it before he has announced himself, and a copy is one', async () => {
  const { submit } = makeNode()
  const adds = Array.from({ length: 600 }, (_, i) => `8.8.${i >> 8}.${i & 255}/32`)
  const digest = bytesOf('digest')
  const delta = { version: 1, previousDigest: new Uint8Array(32), digest, count: adds.length }
  const founder = new Author('founder')
  const body = { kind: 'list-delta', list: 'mine', ...delta, adds, removes: [] } as const
  const { bytes } = founder.say(body)
  is(bytes.length > 4_096, true)
  is(reasonOf(await submit(bytes, ORIGIN)), 'accept')
  is(reasonOf(await submit(bytes, ORIGIN)), 'ignore DUPLICATE')
})
