import { equal, is } from 'uvu/assert'
import { MIGRATIONS } from '../../../src/store/migrations.ts'
import { NetworkRepository } from '../../../src/store/network-repository.ts'
import { openDatabase } from '../../../src/store/open.ts'
import { PeerValueRepository } from '../../../src/store/peer-value-repository.ts'
import { PublishedListRepository } from '../../../src/store/published-list-repository.ts'
import { type ToldRecord, ToldRepository } from '../../../src/store/told-repository.ts'
import { bytesOf } from '../../support/network.ts'
import {
  makeDataDir,
  makeStore,
  removeDataDir,
  removeStore,
  START_MS,
  type TemporaryStore
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('repositories of what was told')
const NETWORK = bytesOf('network', 16)
const NETWORK_TEXT = Buffer.from(NETWORK).toString('hex')
const ALERT = Buffer.from(bytesOf('alert')).toString('hex')
const LATER_ALERT = Buffer.from(bytesOf('later alert')).toString('hex')
let store: TemporaryStore
let told: ToldRepository<{ severity: number }>
let networks: NetworkRepository

test.beforeEach(() => {
  store = makeStore()
  told = new ToldRepository(store.db)
  networks = new NetworkRepository(store.db)
  networks.save({
    ...{ id: NETWORK, name: 'name', document: bytesOf('document'), admission: undefined },
    ...{ bootstrap: [], joinedAtMs: START_MS }
  })
})
test.afterEach(() => removeStore(store))

function record(decision: string, prefix: string, alert = ALERT): ToldRecord<{ severity: number }> {
  return {
    ...{ network: NETWORK_TEXT, alert, decision, prefix, shared: { severity: 3 } },
    ...{ state: 'standing', endsAtMs: START_MS + 1_000, votedUntilMs: 0 }
  }
}

const named = () =>
  told.withdrawn(START_MS).map(({ decision, prefix, state }) => `${decision} ${prefix} ${state}`)

test('a decision that is withdrawn brings up all that its alert says, and nothing of other alerts', () => {
  told.save([record('one', 'a'), record('one', 'b'), record('two', 'c')])
  told.save([record('three', 'd', LATER_ALERT)])
  equal(named(), [])
  told.withdraw('one', ['a', 'b'])
  equal(named(), ['one a withdrawn', 'one b withdrawn', 'two c standing'])
  equal(told.withdrawn(START_MS)[0], { ...record('one', 'a'), state: 'withdrawn' })
  told.remove(NETWORK_TEXT, ALERT)
  equal(named(), [])
})

test('what was said of a prefix for a decision that has ended goes with the later one, what stands does not', () => {
  told.save([record('earlier', 'a'), record('standing', 'a', LATER_ALERT)])
  told.end('earlier')
  told.withdraw('unknown', ['a'])
  equal(named(), ['earlier a withdrawn'])
  is(told.isStanding(NETWORK_TEXT, 'a', START_MS), true)
  is(told.isStanding(NETWORK_TEXT, 'a', START_MS + 1_000), false)
  told.end('standing')
  is(told.isStanding(NETWORK_TEXT, 'a', START_MS), false)
})

test('what is said of a decision, and whether it was voted on, is known until it ends or is taken back', () => {
  const told = new ToldRepository<{ untilMs: number }>(store.db)
  const of = (prefix: string, untilMs: number, alert = ALERT): ToldRecord<{ untilMs: number }> => ({
    ...record('one', prefix, alert),
    shared: { untilMs }
  })
  told.save([of('a', 5), of('b', 5)])
  told.save([of('a', 7, LATER_ALERT)])
  told.vote(NETWORK_TEXT, [{ decision: 'one', prefix: 'a', votedUntilMs: 9 }])
  equal(told.said(NETWORK_TEXT, 'one', START_MS), [
    { prefix: 'a', untilMs: 7, votedUntilMs: 9 },
    { prefix: 'b', untilMs: 5, votedUntilMs: 0 }
  ])
  equal(told.said(NETWORK_TEXT, 'two', START_MS), [])
  equal(told.said(NETWORK_TEXT, 'one', START_MS + 1_000), [])
  equal(told.standing(START_MS), ['one'])
  told.withdraw('one', [])
  equal(told.said(NETWORK_TEXT, 'one', START_MS), [])
  equal(told.standing(START_MS), [])
})

test('nothing is left of what has ended, nor of a network that is left', () => {
  told.save([record('one', 'a')])
  told.withdraw('one', [])
  equal(told.withdrawn(START_MS + 1_000), [])
  told.removeEnded(START_MS + 999)
  is(named().length, 1)
  told.removeEnded(START_MS + 1_000)
  is(named().length, 0)
  told.save([record('one', 'a')])
  networks.remove(NETWORK)
  told.withdraw('one', [])
  is(named().length, 0)
})

test('a published list stays as it was said, also when the network is left', () => {
  const lists = new PublishedListRepository(store.db)
  is(lists.find(NETWORK_TEXT), undefined)
  const list = {
    version: 3,
    entries: ['192.0.2.0/24'],
    statedAtMs: START_MS,
    unfinished: undefined
  }
  lists.save(NETWORK_TEXT, { ...list, version: 2 })
  lists.save(NETWORK_TEXT, list)
  networks.remove(NETWORK)
  equal(lists.find(NETWORK_TEXT), list)
  lists.save(NETWORK_TEXT, { ...list, statedAtMs: undefined })
  is(lists.find(NETWORK_TEXT)?.statedAtMs, undefined)
  const begun = { ...list, unfinished: { startedAtMs: START_MS + 1, isAsked: true, restated: 7 } }
  lists.save(NETWORK_TEXT, begun)
  equal(lists.find(NETWORK_TEXT), begun)
  lists.save(NETWORK_TEXT, list)
  equal(lists.find(NETWORK_TEXT), list)
})

test('lists that were kept beside the values of libp2p are taken over', () => {
  const dataDir = makeDataDir()
  const { clock } = store
  try {
    const old = openDatabase({ dataDir, clock, migrations: MIGRATIONS.slice(0, 5) }).db
    const value = Buffer.from(JSON.stringify({ version: 4, entries: ['192.0.2.0/24'] }))
    const values = new PeerValueRepository(old)
    values.put(`/netminder-list/${NETWORK_TEXT}`, new Uint8Array(value))
    values.put('/peers/x', Uint8Array.of(1))
    old.close()
    const { db } = openDatabase({ dataDir, clock })
    const expected = { version: 4, entries: ['192.0.2.0/24'], statedAtMs: 0, unfinished: undefined }
    equal(new PublishedListRepository(db).find(NETWORK_TEXT), expected)
    equal(
      new PeerValueRepository(db).query('/').map(({ key }) => key),
      ['/peers/x']
    )
    db.close()
  } finally {
    removeDataDir(dataDir)
  }
})
