/** What whoever uses the networks may rely on: the same laws for real nodes over libp2p and SQLite, and for the fake of the tests. */
import { rejects } from 'node:assert/strict'
import { equal, is, match, ok, throws } from 'uvu/assert'
import { getPrefix, NetminderError, SystemClock } from '../../src/base/index.ts'
import type { Heard, NetworkService } from '../../src/network/index.ts'
import { type AlertBody, signerFromSeed } from '../../src/wire/index.ts'
import { FakeNetwork } from '../support/fake-network.ts'
import { alertOf, TestNode } from '../support/network-node.ts'
import { suite } from '../support/suite.ts'

interface Subject {
  readonly service: NetworkService
  remove(): Promise<void>
}

const SUBJECTS: readonly { readonly name: string; make(): Promise<Subject> }[] = [
  {
    name: 'a real node',
    async make() {
      const node = new TestNode()
      await node.start()
      return { service: node.node, remove: () => node.remove() }
    }
  },
  {
    name: 'the fake',
    make() {
      const service = new FakeNetwork()
      service.joined = []
      return Promise.resolve({ service, remove: () => Promise.resolve() })
    }
  }
]

const UNKNOWN = 'ffffffffffffffffffffffffffffffff'
const nowMs = () => new SystemClock().nowMs()

function alert(address: string, fields: Partial<AlertBody> = {}): AlertBody {
  return { ...alertOf(address, nowMs()), ...fields }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof NetminderError && error.code === code
}

async function joined(service: NetworkService, name = 'north'): Promise<string> {
  return (await service.create({ name })).network.id
}

const LAWS: readonly (readonly [string, (service: NetworkService) => Promise<void>])[] = [
  [
    'is in no network at first, and has nothing to say of any',
    async (service) => {
      equal(service.list(), [])
      equal(service.status().networks, [])
      equal(service.alerts({ limit: 10 }), { items: [], nextCursor: undefined })
      equal(service.threats({ limit: 10 }), { items: [], nextCursor: undefined })
    }
  ],
  [
    'has one key, joined or not, and lets in and puts out by keys',
    async (service) => {
      const key = await service.key()
      match(key, /^[0-9a-f]{64}$/)
      is(await service.key(), key)
      const id = await joined(service)
      is(service.status().author, key)
      const other = hex(signerFromSeed(new Uint8Array(32).fill(7)).publicKey)
      match(await service.admit(id, { author: other }), /^netminder-admission1:/)
      const revoked = await service.revoke(id, { key: other, subject: 'author' })
      equal(revoked, { subject: 'author', key: other, authors: [other] })
      equal(service.lists({ limit: 10 }), { items: [], nextCursor: undefined })
      const missing = hasCode('NETWORK_NOT_JOINED')
      await rejects(() => service.admit(UNKNOWN, { author: other }), missing)
      await rejects(() => service.revoke(UNKNOWN, { key: other }), missing)
      throws(() => service.authors(UNKNOWN), missing)
      throws(() => service.lists({ network: UNKNOWN, limit: 1 }), missing)
    }
  ],
  [
    'whoever founds a network is in it, may invite others, and is alone',
    async (service) => {
      const { network, invitation } = await service.create({ name: 'north' })
      match(invitation, /^netminder1:/)
      match(network.id, /^[0-9a-f]{32}$/)
      const { name, policy, isFounder, isAlone, peers } = network
      equal([name, policy, isFounder, isAlone, peers], ['north', 'invitation', true, true, 0])
      equal(
        service.list().map(({ id }) => id),
        [network.id]
      )
      const status = service.status()
      is(status.isRunning, true)
      match(status.author, /^[0-9a-f]{64}$/)
      equal(
        status.networks.map(({ id }) => id),
        [network.id]
      )
      match(await service.invite(network.id, { notAfterMs: nowMs() + 60_000 }), /^netminder1:/)
    }
  ],
  [
    'is in several networks at once, and leaves one without the other',
    async (service) => {
      const [north, south] = [await joined(service, 'north'), await joined(service, 'south')]
      await service.publish(north, alert('8.8.8.8'), { ttlMs: 60_000 })
      const kept = await service.publish(south, alert('9.9.9.9'), { ttlMs: 60_000 })
      await service.leave(north)
      equal(
        service.list().map(({ name }) => name),
        ['south']
      )
      equal(
        service.alerts({ limit: 10 }).items.map(({ id }) => id),
        [kept.id]
      )
      await rejects(() => service.leave(north), hasCode('NETWORK_NOT_JOINED'))
    }
  ],
  [
    'says of a network that it is not in that it is not in it',
    async (service) => {
      await joined(service)
      const network = UNKNOWN
      const refused = hasCode('NETWORK_NOT_JOINED')
      await rejects(() => service.invite(network, { notAfterMs: nowMs() + 1_000 }), refused)
      await rejects(() => service.leave(network), refused)
      await rejects(() => service.publish(network, alert('8.8.8.8'), { ttlMs: 60_000 }), refused)
      throws(() => service.peers(network), refused)
      throws(() => service.alerts({ network, limit: 1 }), refused)
      throws(() => service.threats({ network, limit: 1 }), refused)
    }
  ],
  [
    'takes neither a name nor an invitation that is none',
    async (service) => {
      for (const name of ['', ' north', 'n'.repeat(65)]) {
        await rejects(() => service.create({ name }), hasCode('NAME_INVALID'))
      }
      await rejects(() => service.join('netminder:nonsense'), hasCode('INVITATION_DAMAGED'))
      equal(service.list(), [])
    }
  ],
  [
    'joining again is said, and makes no second network',
    async (service) => {
      const { network, invitation } = await service.create({ name: 'north' })
      const { id, wasMember } = await service.join(invitation)
      equal([id, wasMember], [network.id, true])
      is(service.list().length, 1)
    }
  ],
  [
    'what is published is there at once, and whoever listens has heard of it',
    async (service) => {
      const network = await joined(service)
      const heard: { readonly kind: string; readonly via: string; readonly with: Heard }[] = []
      const stopListening = service.onEvent(({ kind }, via, given) => {
        heard.push({ kind, via, with: given })
      })
      const body = alert('8.8.8.8')
      const first = await service.publish(network, body, { ttlMs: 60_000 })
      match(first.id, /^[0-9a-f]{64}$/)
      const [listed] = service.alerts({ limit: 10 }).items
      ok(listed)
      equal([listed.id, listed.network, listed.isOwn, listed.via], [first.id, network, true, 'own'])
      equal(listed.body.indicators, body.indicators)
      is(listed.author, service.status().author)
      is(listed.endsAtMs - listed.atMs, 60_000)
      equal(
        heard.map(({ kind, via }) => `${kind} ${via}`),
        ['alert own']
      )
      is(heard[0]?.with.authorName, listed.authorName)
      ok(Math.abs((heard[0]?.with.receivedAtMs ?? 0) - nowMs()) < 10_000)
      stopListening()
      const second = await service.publish(network, alert('9.9.9.9'), { ttlMs: 60_000 })
      ok(second.seq > first.seq)
      is(heard.length, 1)
    }
  ],
  [
    'publishes nothing that others would refuse',
    async (service) => {
      const network = await joined(service)
      for (const [body, ttlMs] of [
        [alert('8.8.8.8', { indicators: [] }), 60_000],
        [alert('8.8.8.8'), 400 * 86_400_000],
        [alert('10.0.0.1'), 60_000]
      ] as const) {
        await rejects(() => service.publish(network, body, { ttlMs }), hasCode('EVENT_REFUSED'))
      }
      equal(service.alerts({ limit: 10 }).items, [])
    }
  ],
  [
    'lists the newest first, by pages, and only what is asked for',
    async (service) => {
      const network = await joined(service)
      const ids: string[] = []
      for (const [address, severity] of [
        ['8.8.8.8', 1],
        ['8.8.4.4', 3],
        ['9.9.9.9', 4]
      ] as const) {
        const body = alert(address, { severity })
        ids.unshift((await service.publish(network, body, { ttlMs: 60_000 })).id)
      }
      const idsOf = (query: Parameters<NetworkService['alerts']>[0]) =>
        service.alerts(query).items.map(({ id }) => id)
      equal(idsOf({ limit: 10 }), ids)
      equal(idsOf({ limit: 10, network }), ids)
      equal(idsOf({ limit: 10, severityMin: 3 }), ids.slice(0, 2))
      equal(idsOf({ limit: 10, prefix: getPrefix('8.8.8.0/24') }), ids.slice(2))
      const first = service.alerts({ limit: 2 })
      const cursor = first.nextCursor
      ok(cursor)
      const rest = service.alerts({ limit: 2, cursor })
      equal(
        [...first.items, ...rest.items].map(({ id }) => id),
        ids
      )
      is(rest.nextCursor, undefined)
      throws(() => service.alerts({ limit: 2, cursor: 'x' }), hasCode('CURSOR_INVALID'))
      throws(() => service.threats({ limit: 2, cursor: 'x' }), hasCode('CURSOR_INVALID'))
    }
  ]
]

for (const { name, make } of SUBJECTS) {
  const test = suite(`network service: ${name}`, { timeoutMs: 30_000 })
  for (const [title, law] of LAWS) {
    test(title, async () => {
      const { service, remove } = await make()
      try {
        await law(service)
      } finally {
        await remove()
      }
    })
  }
}
