/** What an invitation tells a newcomer to dial: own addresses first, then what members say, as far as anybody can dial it. */
import { equal, is } from 'uvu/assert'
import { Gatekeeper, readInvitation } from '../../../src/network/gatekeeper.ts'
import { findMultiaddr } from '../../../src/network/host/host.ts'
import { identityFromSeed } from '../../../src/network/host/identity.ts'
import { ListView } from '../../../src/network/list-view.ts'
import type { Member } from '../../../src/network/network-state.ts'
import type { EventBody } from '../../../src/wire/index.ts'
import {
  Author,
  admitByFounder,
  announceOf,
  bytesOf,
  FOUNDER,
  makeNode,
  NETWORK
} from '../../support/network.ts'
import { removeStore, START_MS } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'
import { verifyPlainly } from '../../support/verify.ts'

const test = suite('network: whom an invitation names')
const coded = (text: string) => findMultiaddr(text)?.bytes ?? new Uint8Array(0)
const OWN = ['/ip4/203.0.113.1/tcp/1', '/ip4/203.0.113.1/tcp/2']

async function invited(members: readonly (readonly string[])[], absent = 0) {
  const node = makeNode()
  const lists = new ListView(NETWORK, FOUNDER.publicKey, node.events)
  const peers = new Map<string, unknown>()
  for (const [at, addresses] of members.entries()) {
    const seed = bytesOf(`key of member ${at}`)
    const author = new Author(`member ${at}`)
    const admission = admitByFounder({ network: NETWORK.id, author: author.key }, FOUNDER)
    const body = { ...announceOf(admission), addresses: addresses.map(coded) } as EventBody
    const event = author.say(body)
    is((await node.gossip(event)).verdict, 'accept')
    lists.add(event)
    const { peerId } = await identityFromSeed(seed)
    if (at >= absent) peers.set(peerId.toString(), peerId)
  }
  const keeper = new Gatekeeper({
    ...{ clock: node.clock, authors: node.authors, verify: verifyPlainly },
    identity: await identityFromSeed(bytesOf('key of founder')),
    host: { addresses: OWN.flatMap((text) => findMultiaddr(text) ?? []) },
    randomBytes: (length) => bytesOf('invitation', length),
    publish: () => Promise.reject(new Error('nothing is published'))
  })
  const member = { joined: { network: NETWORK, peers }, lists } as unknown as Member
  const line = keeper.invite(member, { notAfterMs: START_MS + 1_000 })
  removeStore(node.store)
  return readInvitation(line, () => false).addresses
}

const placeOf = (member: number, port: number) => `/ip4/198.51.100.${member}/tcp/${port}`

test('those of members who are connected follow the own ones, in turns', async () => {
  const addresses = await invited([[placeOf(1, 1), placeOf(1, 2)], [placeOf(2, 1)]])
  equal(addresses.slice(0, 2), OWN)
  equal([...addresses.slice(2, 4)].sort(), [placeOf(1, 1), placeOf(2, 1)])
  equal(addresses.slice(4), [placeOf(1, 2)])
})

test('of who is not connected, none', async () => {
  equal(await invited([[placeOf(1, 1)], [placeOf(2, 1)]], 1), [...OWN, placeOf(2, 1)])
})

test('what nobody can dial is left out, and does not take the place of another', async () => {
  const useless = ['/ip4/0.0.0.0/tcp/1', '/ip4/198.51.100.1/udp/1', '/ip4/198.51.100.1/tcp/0']
  equal(await invited([useless, useless, useless, [placeOf(4, 1)]]), [...OWN, placeOf(4, 1)])
})

test('three members at most, sixteen addresses in all', async () => {
  const many = (member: number) => Array.from({ length: 16 }, (_, at) => placeOf(member, at + 1))
  const addresses = await invited([many(1), many(2), many(3), many(4)])
  is(addresses.length, 16)
  equal(addresses.slice(0, 2), OWN)
  const hosts = new Set(addresses.slice(2).map((text) => text.split('/')[2]))
  is(hosts.size, 3)
})
