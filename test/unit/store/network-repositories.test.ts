import { equal, is, throws } from 'uvu/assert'
import { AuthorRepository } from '../../../src/store/author-repository.ts'
import { StorageError } from '../../../src/store/errors.ts'
import { EventRepository } from '../../../src/store/event-repository.ts'
import type { EventRecord } from '../../../src/store/event-row.ts'
import { NetworkRepository } from '../../../src/store/network-repository.ts'
import { PeerValueRepository } from '../../../src/store/peer-value-repository.ts'
import { bytesOf } from '../../support/network.ts'
import { makeStore, removeStore, START_MS, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('repositories of networks')
const NETWORK = bytesOf('network', 16)
const OTHER = bytesOf('other network', 16)
const AUTHOR = bytesOf('author')
let store: TemporaryStore
let events: EventRepository
let authors: AuthorRepository
let networks: NetworkRepository

test.beforeEach(() => {
  store = makeStore()
  events = new EventRepository(store.db)
  authors = new AuthorRepository(store.db)
  networks = new NetworkRepository(store.db)
  for (const id of [NETWORK, OTHER]) {
    networks.save({
      id,
      name: 'name',
      document: bytesOf('document'),
      admission: undefined,
      bootstrap: ['/ip4/127.0.0.1/tcp/1'],
      joinedAtMs: START_MS
    })
    saveAuthor(id)
  }
})
test.afterEach(() => removeStore(store))

function saveAuthor(network: Uint8Array, invitation?: Uint8Array): void {
  authors.save({
    network,
    key: AUTHOR,
    level: 1,
    invitation,
    admittedAtMs: START_MS,
    firstSeenAtMs: START_MS
  })
}

function event(number: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    id: bytesOf(`event ${number}`),
    network: NETWORK,
    author: AUTHOR,
    seq: BigInt(number),
    kind: 'alert',
    tsMs: START_MS + number,
    expMs: START_MS + 1_000 + number,
    receivedAtMs: START_MS,
    via: 'gossip',
    accused: 0,
    target: undefined,
    envelope: bytesOf(`envelope ${number}`),
    ...fields
  }
}

const plain = (record: EventRecord | undefined) =>
  record && {
    ...record,
    id: Buffer.from(record.id),
    network: Buffer.from(record.network),
    author: Buffer.from(record.author),
    envelope: Buffer.from(record.envelope)
  }

test('gives an event back as it was kept, by id and by number', () => {
  const kept = event(1, { seq: 2n ** 63n - 1n, via: 'own', accused: 3, kind: 'vote' })
  events.append(kept)
  equal(plain(events.find(kept.id)), plain(kept))
  equal(plain(events.byAuthorSeq(NETWORK, AUTHOR, kept.seq)), plain(kept))
  is(events.highestSeq(NETWORK, AUTHOR), 2n ** 63n - 1n)
  is(events.byAuthorSeq(OTHER, AUTHOR, kept.seq), undefined)
})

test('refuses an id and a number that are there, and the author of another network has his own numbers', () => {
  const isRefused = (error: unknown) =>
    error instanceof StorageError && error.code === 'ROW_REFUSED'
  events.append(event(1))
  throws(() => events.append(event(1)), isRefused)
  throws(() => events.append(event(2, { seq: 1n })), isRefused)
  events.append(event(3, { seq: 1n, network: OTHER }))
})

test('keeps all of a transaction or nothing', () => {
  throws(() =>
    events.transaction(() => {
      events.append(event(1))
      events.append(event(2, { seq: 1n }))
    })
  )
  is(events.has(event(1).id), false)
})

test('lists what stands in the order of arrival, and goes on from a number', () => {
  for (const number of [3, 1, 2]) events.append(event(number))
  events.append(event(4, { expMs: START_MS }))
  events.append(event(5, { kind: 'vote' }))
  events.append(event(6, { network: OTHER }))
  const query = { network: NETWORK, kind: 'alert', nowMs: START_MS, limit: 2 } as const
  const first = events.live(query)
  equal(
    first.map(({ seq }) => seq),
    [3n, 1n]
  )
  const rest = events.live({ ...query, afterNumber: first.at(-1)?.number ?? 0 })
  equal(
    rest.map(({ seq }) => seq),
    [2n]
  )
  is([...events.places(NETWORK, START_MS)].length, 4)
  equal(
    events.ended(NETWORK, START_MS, START_MS + 1_002).map(({ tsMs }) => tsMs),
    [START_MS + 1, START_MS + 2]
  )
})

test('removes what ended long ago, author by author, in steps', () => {
  for (let number = 1; number <= 10; number++) events.append(event(number))
  equal(events.authorsEndedBefore(NETWORK, START_MS + 1_000), [])
  is(events.authorsEndedBefore(NETWORK, START_MS + 1_006).length, 1)
  authors.saveSpent(NETWORK, AUTHOR, Uint8Array.of(1))
  is(events.removeEndedBefore(NETWORK, START_MS + 1_006), 5)
  is(events.spentNumbers(NETWORK, AUTHOR).length, 5)
  equal([...(authors.find(NETWORK, AUTHOR)?.spent ?? [])], [1])
})

test('the first proof and the first revocation stay', () => {
  const proof = {
    ...{ network: NETWORK, author: AUTHOR, seq: 1n, detectedAtMs: START_MS },
    ...{ firstId: bytesOf('a'), secondId: bytesOf('b') },
    ...{ first: bytesOf('first'), second: bytesOf('second') }
  }
  events.keepEquivocation(proof)
  events.keepEquivocation({ ...proof, secondId: bytesOf('c') })
  is(events.equivocations(NETWORK, AUTHOR).length, 1)
  is(events.has(bytesOf('a')) && events.has(bytesOf('b')), true)
  is(events.has(bytesOf('c')), false)
  const revocation = {
    ...({ network: NETWORK, subject: 'author', key: AUTHOR, revokedBy: AUTHOR } as const),
    reason: 'first',
    revokedAtMs: START_MS
  }
  authors.revoke(revocation)
  authors.revoke({ ...revocation, reason: 'second' })
  is(authors.findRevocation(NETWORK, 'author', AUTHOR)?.reason, 'first')
  is(authors.findRevocation(OTHER, 'author', AUTHOR), undefined)
  is(authors.revocations(NETWORK).length, 1)
})

test('a later admission replaces the one before, and leaves the rest', () => {
  const invitation = bytesOf('invitation')
  saveAuthor(NETWORK, invitation)
  is(authors.admittedBy(NETWORK, invitation).length, 1)
  is(authors.list(NETWORK).length, 1)
})

test('leaving takes everything of the network along, and nothing of another', () => {
  events.append(event(1))
  events.append(event(2, { network: OTHER }))
  is(networks.remove(NETWORK), true)
  is(networks.remove(NETWORK), false)
  is(events.has(event(1).id), false)
  is(events.has(event(2).id), true)
  is(authors.find(NETWORK, AUTHOR), undefined)
  equal(
    networks.list().map(({ bootstrap }) => bootstrap),
    [['/ip4/127.0.0.1/tcp/1']]
  )
})

test('keeps the values of peers under their paths', () => {
  const values = new PeerValueRepository(store.db)
  values.put('/peers/a', Uint8Array.of(1))
  values.put('/peers/a', Uint8Array.of(2))
  values.batch(
    [
      { key: '/peers/b', value: Uint8Array.of(3) },
      { key: '/dht/x', value: Uint8Array.of(4) }
    ],
    ['/peers/none']
  )
  equal([...(values.find('/peers/a') ?? [])], [2])
  equal(
    values.query('/peers/').map(({ key }) => key),
    ['/peers/a', '/peers/b']
  )
  values.delete('/peers/a')
  is(values.find('/peers/a'), undefined)
  is(values.query('').length, 2)
})
