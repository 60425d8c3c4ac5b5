/** What others may take of a node: so many authors, and so much of lists. */
import { equal, is } from 'uvu/assert'
import { EventIntake } from '../../../src/network/events/event-intake.ts'
import { createNodeVerifier } from '../../../src/network/events/node-verifier.ts'
import type { SpaceLimits } from '../../../src/network/events/space.ts'
import { listDigest, type SignedNetworkEvent } from '../../../src/wire/index.ts'
import {
  Author,
  admitByInvitation,
  announceOf,
  FOUNDER,
  makeInvitation,
  makeNode,
  NETWORK,
  reasonOf,
  signerOf
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: space')
const DAY_MS = 24 * 3_600_000
const LIMITS = {
  ...{ authorsPerInvitation: 2, authorsPerNetwork: 3 },
  ...{ listBytesPerAuthor: 3_000, listBytesPerNetwork: 4_500 }
}

function makeRig(space: SpaceLimits = LIMITS) {
  const node = makeNode()
  const intake = new EventIntake(
    { space },
    {
      ...{ clock: node.clock, events: node.events, authors: node.authors },
      verify: createNodeVerifier(),
      onFailure: (error) => node.failures.push(error)
    }
  )
  intake.join(NETWORK)
  const take = async ({ bytes }: SignedNetworkEvent) =>
    reasonOf(await intake.submit(bytes, { network: NETWORK.id, via: 'sync', peer: 'p' }))
  return { node, intake, take }
}

function guest(name: string, invited: string): { author: Author; announce: SignedNetworkEvent } {
  const author = new Author(name)
  const fields = {
    ...{ network: NETWORK, seed: signerOf(invited).publicKey, addresses: [] },
    notAfterMs: START_MS + DAY_MS
  }
  const invitation = makeInvitation(fields, FOUNDER)
  const subject = { network: NETWORK.id, author: author.key, nowMs: START_MS }
  const admission = admitByInvitation(subject, invitation)
  return { author, announce: author.say(announceOf(admission)) }
}

test('an invitation lets in so many, and a network holds so many', async () => {
  const { node, take } = makeRig()
  const guests = ['a', 'b', 'c'].map((name) => guest(name, 'one'))
  const verdicts: string[] = []
  for (const { announce } of guests) verdicts.push(await take(announce))
  equal(verdicts, ['accept', 'accept', 'ignore AUTHORS_FULL'])
  is(await take(guest('d', 'two').announce), 'accept')
  is(await take(guest('e', 'two').announce), 'ignore AUTHORS_FULL')
  is(await take(new Author('f').announce()), 'ignore AUTHORS_FULL')
  is(node.authors.count(NETWORK.id), 3)
  // Those who are known are heard as before.
  is(
    await take(
      guests[0]?.author.say({ kind: 'retract', eventId: signerOf('x').publicKey }) as never
    ),
    'accept'
  )
  equal(node.failures, [])
  removeStore(node.store)
})

test('whoever said nothing that is still kept makes room', async () => {
  const { node, intake, take } = makeRig()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => guest(name, 'one'))
  if (a === undefined || b === undefined || c === undefined) throw new Error('expected three')
  for (const { announce } of [a, b]) await take(announce)
  node.events.remove(b.announce.id)
  is(await take(c.announce), 'accept')
  equal(
    node.authors.list(NETWORK.id).map(({ key }) => Buffer.from(key)),
    [a, c].map(({ author }) => Buffer.from(author.key))
  )
  is(await take(b.announce), 'ignore AUTHORS_FULL')
  is(await take(c.author.say({ kind: 'retract', eventId: a.announce.id })), 'accept')
  is(intake.liveSet(NETWORK.id)?.treeOf('retract').size, 1)
  equal(node.failures, [])
  removeStore(node.store)
})

test('lists take so much of each author, and so much in all', async () => {
  const { node, take } = makeRig()
  const [a, b] = [new Author('a'), new Author('b')]
  for (const author of [a, b]) await take(author.announce())
  const adds = Array.from({ length: 110 }, (_, i) => `8.8.${i}.0/24`)
  const list = (author: Author, version: number) =>
    author.say(
      {
        ...{ kind: 'list-delta', list: 'x', version, previousDigest: new Uint8Array(32) },
        ...{ digest: listDigest(adds), count: adds.length, adds, removes: [] }
      },
      { expMs: START_MS + DAY_MS }
    )
  const size = list(a, 1).bytes.length
  is(size > 1_000 && size < 1_500, true, String(size))
  const verdicts: string[] = []
  for (const author of [a, a, a, b, b]) verdicts.push(await take(list(author, 1)))
  equal(verdicts, ['accept', 'accept', 'ignore LISTS_FULL', 'accept', 'ignore LISTS_FULL'])
  is(node.events.listBytes(NETWORK.id), 3 * size)
  removeStore(node.store)
})
