/** What becomes of an event, by everything that can be wrong with it: the verdicts of design defense.md e.2, over a real store. */
import { equal, is } from 'uvu/assert'
import { KEPT_AFTER_END_MS } from '../../../src/network/events/pruner.ts'
import type { EventPlace } from '../../../src/network/ports.ts'
import { NetworkRepository } from '../../../src/store/index.ts'
import {
  decodeEvent,
  type EventKind,
  LIFETIME_MS_MAX,
  proofOfEquivocation,
  type SignedNetworkEvent,
  signerFromSeed,
  topicOf
} from '../../../src/wire/index.ts'
import {
  Author,
  admitByFounder,
  admitByInvitation,
  alertBody,
  announceOf,
  bytesOf,
  FOUNDER,
  makeInvitation,
  makeNode,
  NETWORK,
  type NodeRig,
  networkOf,
  reasonOf,
  revokeBody,
  signerOf,
  voteBody
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('event intake')
const MINUTE_MS = 60_000
let node: NodeRig
let alice: Author

test.beforeEach(async () => {
  node = makeNode()
  alice = new Author('alice')
  is(reasonOf(await node.gossip(alice.announce())), 'accept')
})
test.afterEach(() => {
  equal(node.failures, [])
  removeStore(node.store)
})

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** The middle of R: still well-formed, but another signature. */
function withOtherSignature(event: SignedNetworkEvent): Uint8Array {
  return flip(event.bytes, event.bytes.length - 40)
}

test('accepts an event of an author who was admitted, and has kept it by then', async () => {
  const event = alice.say(alertBody())
  equal(await node.gossip(event), { verdict: 'accept' })
  equal(node.events.find(event.id)?.envelope, Buffer.from(event.bytes))
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 1)
})

const OTHER = networkOf('other')
const CASES: readonly {
  readonly name: string
  readonly expected: string
  submit(): Promise<string>
}[] = [
  {
    name: 'a signature that does not verify',
    expected: 'reject SIGNATURE_INVALID',
    submit: () => submitBytes(withOtherSignature(alice.say(alertBody())))
  },
  {
    name: 'another payload under a good signature',
    expected: 'reject SIGNATURE_INVALID',
    submit: () => {
      const { bytes } = alice.say(alertBody('8.8.8.8'))
      const at = Buffer.from(bytes).indexOf(Buffer.from([8, 8, 8, 8]))
      return submitBytes(flip(bytes, at))
    }
  },
  {
    name: 'an event of another network',
    expected: 'reject WRONG_NETWORK',
    submit: () => submitBytes(new Author('alice', OTHER).say(alertBody()).bytes)
  },
  {
    name: 'an event under the topic of other kinds',
    expected: 'reject WRONG_TOPIC',
    submit: async () => reasonOf(await node.submit(alice.say(alertBody()).bytes, { topic: 'vote' }))
  },
  {
    name: 'an event of a network that was not joined',
    expected: 'ignore NETWORK_NOT_JOINED',
    submit: () => submit(new Author('alice', OTHER).say(alertBody()))
  },
  {
    name: 'an event from the future',
    expected: 'reject FROM_THE_FUTURE',
    submit: () => submit(alice.say(alertBody(), { tsMs: START_MS + 15 * MINUTE_MS + 1 }))
  },
  {
    name: 'an event that lasts too long, by the decoder',
    expected: 'reject LIFETIME_INVALID',
    submit: () => {
      const { bytes } = alice.say(voteBody(['8.8.8.8']), {
        expMs: START_MS + LIFETIME_MS_MAX.vote
      })
      // The last byte of exp_ms stands right before the tag of the body.
      const at = Buffer.from(bytes).indexOf(Buffer.from([0x42]), 60)
      const copy = Uint8Array.from(bytes)
      copy[at - 1] = (copy[at - 1] ?? 0) + 1
      return submitBytes(copy)
    }
  },
  {
    name: 'an event that is older than the live window',
    expected: 'ignore TOO_OLD',
    submit: () => submit(alice.say(alertBody(), { tsMs: START_MS - 10 * MINUTE_MS - 1 }))
  },
  {
    name: 'an event that has ended',
    expected: 'ignore EXPIRED',
    submit: () => submit(alice.say(alertBody(), { tsMs: START_MS - MINUTE_MS, expMs: START_MS }))
  },
  {
    name: 'an event of an author who was never admitted',
    expected: 'ignore UNKNOWN_AUTHOR',
    submit: () => submit(new Author('mallory').say(alertBody()))
  },
  {
    name: 'an announce without admission',
    expected: 'ignore ADMISSION_INVALID',
    submit: () => submit(new Author('mallory').say(announceOf(undefined)))
  },
  {
    name: 'an announce with the admission of somebody else',
    expected: 'ignore ADMISSION_INVALID',
    submit: () => {
      const admission = admitByFounder({ network: NETWORK.id, author: alice.key }, FOUNDER)
      return submit(new Author('mallory').say(announceOf(admission)))
    }
  },
  {
    name: 'an announce with an admission to another network',
    expected: 'ignore ADMISSION_INVALID',
    submit: () => {
      const mallory = new Author('mallory')
      const admission = admitByFounder({ network: OTHER.id, author: mallory.key }, FOUNDER)
      return submit(mallory.say(announceOf(admission)))
    }
  },
  {
    name: 'an accusation of a private address',
    expected: 'ignore NOTHING_PUBLIC',
    submit: () => submit(alice.say(alertBody('192.168.1.254')))
  },
  {
    name: "somebody's revocation of somebody else",
    expected: 'ignore REVOKE_NOT_ENTITLED',
    submit: () => submit(alice.say(revokeBody('author', signerOf('bob').publicKey)))
  },
  {
    name: 'bytes that are nothing',
    expected: 'reject MALFORMED',
    submit: () => submitBytes(Uint8Array.of(0x0a, 0xff))
  },
  {
    name: 'a megabyte',
    expected: 'reject TOO_LARGE',
    submit: () => submitBytes(new Uint8Array(1_000_000))
  }
]

async function submit(event: SignedNetworkEvent): Promise<string> {
  return reasonOf(await node.gossip(event))
}

async function submitBytes(bytes: Uint8Array): Promise<string> {
  return reasonOf(await node.submit(bytes, { topic: 'alert' }))
}

for (const { name, expected, submit: run } of CASES) {
  test(`says "${expected}" to ${name}, and keeps nothing`, async () => {
    const before = node.intake.liveSet(NETWORK.id)?.digest()
    is(await run(), expected)
    is(node.intake.liveSet(NETWORK.id)?.digest(), before)
  })
}

test('takes clocks that are five minutes ahead and ten behind', async () => {
  is(await submit(alice.say(alertBody(), { tsMs: START_MS + 5 * MINUTE_MS })), 'accept')
  is(await submit(alice.say(alertBody(), { tsMs: START_MS - 10 * MINUTE_MS })), 'accept')
})

test('takes an old event from reconciliation, if it has not ended and its number is free', async () => {
  const old = alice.say(voteBody(['8.8.8.8']), {
    tsMs: START_MS - 6 * 24 * 60 * MINUTE_MS,
    expMs: START_MS + MINUTE_MS
  })
  is(reasonOf(await node.gossip(old)), 'ignore TOO_OLD')
  is(reasonOf(await node.fetch(old)), 'accept')
  is(reasonOf(await node.fetch(old)), 'ignore DUPLICATE')
})

test('ignores what it has, also when the copies come at once', async () => {
  const event = alice.say(alertBody())
  const verdicts = await Promise.all([1, 2, 3].map(() => node.gossip(event)))
  equal(verdicts.map(reasonOf).sort(), ['accept', 'ignore DUPLICATE', 'ignore DUPLICATE'])
})

test('rejects a known event under a signature that is not good', async () => {
  const event = alice.say(alertBody())
  await node.gossip(event)
  is(await submitBytes(withOtherSignature(event)), 'reject SIGNATURE_INVALID')
})

test('finds out an author who says two things under one number: both are void, and the proof is good', async () => {
  const voided: EventPlace[] = []
  const found: Uint8Array[][] = []
  node.intake.subscribe({
    onVoided: (_, places) => voided.push(...places),
    onEquivocation: (_, first, second) => found.push([first, second])
  })
  const first = alice.say(alertBody('8.8.8.8'), { seq: 50n })
  const second = alice.say(alertBody('9.9.9.9'), { seq: 50n })
  is(await submit(first), 'accept')
  is(await submit(second), 'ignore EQUIVOCATION')
  equal(
    voided.map(({ id }) => Buffer.from(id).toString('hex')),
    [Buffer.from(first.id).toString('hex')]
  )
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
  is(node.events.equivocations(NETWORK.id, alice.key).length, 1)
  for (const event of [first, second]) is(await submit(event), 'ignore DUPLICATE')
  is(await submit(alice.say(alertBody('1.1.1.1'), { seq: 50n })), 'ignore EQUIVOCATION')
  is(found.length, 1)
  const [a, b] = (found[0] ?? []).map((bytes) => decodeEvent(bytes))
  const proof = a && b && proofOfEquivocation(a, b)
  const bob = new Author('bob')
  await node.gossip(bob.announce())
  is(proof && (await submit(bob.say(proof))), 'accept')
})

test('learns of an equivocation by the proof alone, before or after the event', async () => {
  const first = alice.say(alertBody('8.8.8.8'), { seq: 50n })
  const second = alice.say(alertBody('9.9.9.9'), { seq: 50n })
  const proof = proofOfEquivocation(first, second)
  const bob = new Author('bob')
  await node.gossip(bob.announce())
  is(await submit(first), 'accept')
  is(proof && (await submit(bob.say(proof))), 'accept')
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
  is(await submit(second), 'ignore DUPLICATE')
})

test('what is contradicted stays charged, also after a restart, and a proof costs its teller nothing', async () => {
  const seqs = Array.from({ length: 60 }, (_, i) => BigInt(100 + i))
  const firsts = seqs.map((seq) => alice.say(alertBody('8.8.8.8'), { seq }))
  const seconds = seqs.map((seq) => alice.say(alertBody('9.9.9.9'), { seq }))
  for (const event of firsts) is(await submit(event), 'accept')
  for (const event of seconds) is(await submit(event), 'ignore EQUIVOCATION')
  is(await submit(alice.say(alertBody('1.1.1.1'))), 'ignore QUOTA_EXCEEDED')
  const restarted = makeNode({ store: node.store })
  is(reasonOf(await restarted.gossip(alice.say(alertBody('1.1.1.1')))), 'ignore QUOTA_EXCEEDED')
  const bob = new Author('bob')
  await node.gossip(bob.announce())
  const proofs = firsts.map((first, i) => {
    const second = seconds[i]
    return second && proofOfEquivocation(first, second)
  })
  const told = []
  for (const proof of proofs) told.push(proof && (await submit(bob.say(proof))))
  equal(told.slice(0, 5), ['accept', 'accept', 'accept', 'accept', 'ignore PROVEN_ALREADY'])
  for (let i = 0; i < 60; i++) is(await submit(bob.say(alertBody())), 'accept')
  is(await submit(bob.say(alertBody())), 'ignore QUOTA_EXCEEDED')
})

test('rejects a proof of which one half was forged', async () => {
  const first = alice.say(alertBody('8.8.8.8'), { seq: 50n })
  const second = decodeEvent(withOtherSignature(alice.say(alertBody('9.9.9.9'), { seq: 50n })))
  const proof = proofOfEquivocation(first, second)
  const bob = new Author('bob')
  await node.gossip(bob.announce())
  is(proof && (await submit(bob.say(proof))), 'reject PROOF_SIGNATURE_INVALID')
})

test('holds an author to his quota however the events come', async () => {
  let accepted = 0
  let refused = 0
  for (let i = 0; i < 70; i++) {
    const event = alice.say(alertBody())
    const verdict = i % 2 === 0 ? await node.gossip(event) : await node.fetch(event)
    if (verdict.verdict === 'accept') accepted++
    else is(reasonOf(verdict), 'ignore QUOTA_EXCEEDED')
    if (verdict.verdict !== 'accept') refused++
  }
  equal([accepted, refused], [60, 10])
  // What takes back has an allowance of its own, and what is read anew from the store is charged alike.
  node.intake.leave(NETWORK.id)
  node.intake.join(NETWORK)
  is(await submit(alice.say(alertBody())), 'ignore QUOTA_EXCEEDED')
  is(await submit(alice.say({ kind: 'retract', eventId: alice.announce().id })), 'accept')
  is(await submit(alice.announce()), 'accept')
})

test('lets in by an invitation, and nobody any more once it was revoked', async () => {
  const invitation = await inviting()
  const bob = new Author('bob')
  const subject = { network: NETWORK.id, author: bob.key, nowMs: START_MS }
  is(await submit(bob.say(announceOf(admitByInvitation(subject, invitation)))), 'accept')
  is(await submit(bob.say(alertBody())), 'accept')
  const founder = new Author('founder')
  is(await submit(founder.say(revokeBody('invitation', invitation.invitationKey))), 'accept')
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
  is(await submit(bob.say(alertBody())), 'ignore AUTHOR_REVOKED')
  const carol = new Author('carol')
  const late = { network: NETWORK.id, author: carol.key, nowMs: START_MS }
  is(
    await submit(carol.say(announceOf(admitByInvitation(late, invitation)))),
    'ignore ADMISSION_INVALID'
  )
  // A founder himself lets him in again, and his old words may come back.
  is(await submit(bob.announce()), 'accept')
  is(await submit(bob.say(alertBody())), 'accept')
})

test('an invitation stands until a founder revokes it: its key is nobody, and revokes nothing', async () => {
  const invitation = await inviting()
  const join = (author: Author) => {
    const subject = { network: NETWORK.id, author: author.key, nowMs: START_MS }
    return submit(author.say(announceOf(admitByInvitation(subject, invitation))))
  }
  const [bob, carol] = [new Author('bob'), new Author('carol')]
  is(await join(bob), 'accept')
  // Whoever holds the invitation holds its key.
  const ghost = new Author('ghost', NETWORK, 1n, signerFromSeed(invitation.seed))
  is(Buffer.compare(ghost.key, invitation.invitationKey), 0)
  is(await join(ghost), 'ignore ADMISSION_INVALID')
  is(await submit(ghost.say(revokeBody('author', ghost.key))), 'ignore UNKNOWN_AUTHOR')
  is(await join(carol), 'accept')
  // A founder who revokes the key as an author, by mistake, has not revoked the invitation.
  const founder = new Author('founder')
  is(await submit(founder.say(revokeBody('author', invitation.invitationKey))), 'accept')
  is(await join(new Author('dave')), 'accept')
  is(await join(bob), 'accept')
  is(await submit(bob.say(alertBody())), 'accept')
})

async function inviting() {
  return makeInvitation(
    {
      network: NETWORK,
      addresses: [],
      seed: bytesOf('invitation'),
      notAfterMs: START_MS + 24 * 60 * MINUTE_MS
    },
    FOUNDER
  )
}

test('takes a revoked author out, whatever he said before, and keeps the word of a founder', async () => {
  const bob = new Author('bob')
  await node.gossip(bob.announce())
  is(await submit(bob.say(alertBody())), 'accept')
  is(await submit(new Author('founder').say(revokeBody('author', bob.key))), 'accept')
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
  is(await submit(bob.say(alertBody())), 'ignore AUTHOR_REVOKED')
  is(await submit(bob.announce()), 'ignore AUTHOR_REVOKED')
  is(node.intake.liveSet(NETWORK.id)?.treeOf('revoke').size, 1)
})

test('takes the revocation of a key by itself', async () => {
  is(await submit(alice.say(revokeBody('author', alice.key))), 'accept')
  is(await submit(alice.say(alertBody())), 'ignore AUTHOR_REVOKED')
  is(node.intake.liveSet(NETWORK.id)?.treeOf('node-announce').size, 0)
})

test('does not show what its author took back, and nobody else can', async () => {
  const bob = new Author('bob')
  await node.gossip(bob.announce())
  const event = alice.say(alertBody())
  await node.gossip(event)
  const live = () =>
    node.events.live({ network: NETWORK.id, kind: 'alert', nowMs: START_MS, limit: 10 }).length
  is(await submit(bob.say({ kind: 'retract', eventId: event.id })), 'accept')
  is(live(), 1)
  is(await submit(alice.say({ kind: 'retract', eventId: event.id })), 'accept')
  is(live(), 0)
})

test('lets go of what has ended, and its number stays spent when the event is gone', async () => {
  const event = alice.say(alertBody(), { seq: 77n })
  await node.gossip(event)
  node.clock.jumpTo(event.expMs)
  node.intake.expire()
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
  is(node.events.has(event.id), true)
  node.clock.jumpTo(event.expMs + KEPT_AFTER_END_MS + 1)
  node.intake.expire()
  is(node.events.has(event.id), false)
  const nowMs = node.clock.nowMs()
  is(await submit(alice.say(alertBody(), { seq: 77n, tsMs: nowMs })), 'ignore SEQUENCE_SPENT')
  const restarted = makeNode({ store: node.store })
  is(
    reasonOf(await restarted.gossip(alice.say(alertBody(), { seq: 77n, tsMs: nowMs }))),
    'ignore SEQUENCE_SPENT'
  )
})

test('gets back what stands again when the clock was set back', async () => {
  const event = alice.say(alertBody())
  await node.gossip(event)
  node.clock.jumpTo(event.expMs + 1)
  node.intake.expire()
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 0)
  node.clock.jumpTo(START_MS)
  node.intake.expire()
  is(node.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 1)
})

test('finds the same set after a restart', async () => {
  for (let i = 0; i < 20; i++) await node.gossip(alice.say(alertBody()))
  const before = node.intake.liveSet(NETWORK.id)?.digest()
  is(makeNode({ store: node.store }).intake.liveSet(NETWORK.id)?.digest(), before)
})

test('a full queue tells what had to go', async () => {
  const kinds: EventKind[] = ['alert']
  const events = Array.from({ length: 3_000 }, () => withOtherSignature(alice.say(alertBody())))
  const topic = topicOf(kinds[0] ?? 'alert')
  const verdicts = await Promise.all(events.map((bytes) => node.submit(bytes, { topic })))
  const reasons = new Map<string, number>()
  for (const verdict of verdicts) {
    const reason = reasonOf(verdict)
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  is(reasons.get('ignore QUEUE_FULL'), 3_000 - 2_048 - 768)
  is(reasons.get('reject SIGNATURE_INVALID'), 2_048 + 768)
})

test("what is said after coming back to a network is its author's, whoever announces first", async () => {
  const networks = new NetworkRepository(node.store.db)
  node.intake.leave(NETWORK.id)
  networks.remove(NETWORK.id)
  const { id, name, bytes: document } = NETWORK
  networks.save({
    ...{ id, name, document },
    admission: undefined,
    bootstrap: [],
    joinedAtMs: START_MS
  })
  node.intake.join(NETWORK)
  const bob = new Author('bob')
  is(reasonOf(await node.gossip(bob.announce())), 'accept')
  is(reasonOf(await node.gossip(alice.announce())), 'accept')
  const alert = alice.say(alertBody())
  is(reasonOf(await node.gossip(alert)), 'accept')
  const query = { network: NETWORK.id, kind: 'alert', nowMs: START_MS, limit: 10 } as const
  const [kept] = node.events.live(query)
  is(kept === undefined ? undefined : Buffer.compare(kept.author, alice.key), 0)
})
