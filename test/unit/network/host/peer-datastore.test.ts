import { Key } from 'interface-datastore'
import { equal, is, throws } from 'uvu/assert'
import { PeerDatastore } from '../../../../src/network/host/peer-datastore.ts'
import type { PeerValueStore } from '../../../../src/network/ports.ts'
import { suite } from '../../../support/suite.ts'

const test = suite('network: datastore of peers')
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const key = (name: string) => new Key(`/peers/${name}`)

class FakeValues implements PeerValueStore {
  readonly kept = new Map<string, Uint8Array>()
  batches = 0
  isBroken = false

  put(name: string, value: Uint8Array): void {
    this.kept.set(name, value)
  }

  find(name: string): Uint8Array | undefined {
    return this.kept.get(name)
  }

  delete(name: string): void {
    this.kept.delete(name)
  }

  query(prefix: string) {
    const found = [...this.kept].filter(([name]) => name.startsWith(prefix))
    return found.map(([name, value]) => ({ key: name, value }))
  }

  batch(puts: readonly { readonly key: string; readonly value: Uint8Array }[]): void {
    if (this.isBroken) throw new Error('the disk is full')
    this.batches++
    for (const { key: name, value } of puts) this.kept.set(name, value)
  }
}

test('what is put is there at once, and goes to the store together, the last of each key', () => {
  const values = new FakeValues()
  const datastore = new PeerDatastore(values)
  for (const text of ['one', 'two', 'three']) datastore.put(key('a'), bytes(text))
  datastore.put(key('b'), bytes('other'))
  equal(datastore.get(key('a')), bytes('three'))
  is(datastore.has(key('b')), true)
  is(values.kept.size, 0)
  datastore.flush()
  datastore.flush()
  is(values.batches, 1)
  equal([...values.kept.keys()], ['/peers/a', '/peers/b'])
  equal(new PeerDatastore(values).get(key('a')), bytes('three'))
})

test('what is deleted is gone at once, also what waited', () => {
  const values = new FakeValues()
  const datastore = new PeerDatastore(values)
  datastore.put(key('a'), bytes('one'))
  datastore.flush()
  datastore.put(key('a'), bytes('two'))
  datastore.delete(key('a'))
  is(datastore.has(key('a')), false)
  is(values.kept.size, 0)
  throws(
    () => datastore.get(key('a')),
    (error: Error) => error.name === 'NotFoundError'
  )
  datastore.flush()
  is(values.kept.size, 0)
})

test('a query finds what waits', async () => {
  const datastore = new PeerDatastore(new FakeValues())
  datastore.put(key('a'), bytes('one'))
  const found: string[] = []
  for await (const pair of datastore.query({ prefix: '/peers' })) found.push(pair.key.toString())
  for await (const name of datastore.queryKeys({ prefix: '/peers' })) found.push(name.toString())
  equal(found, ['/peers/a', '/peers/a'])
})

test('a store that fails loses nothing that waits, which stays bounded', () => {
  const values = new FakeValues()
  const datastore = new PeerDatastore(values)
  values.isBroken = true
  datastore.put(key('a'), bytes('one'))
  throws(() => datastore.flush(), /the disk is full/)
  let taken = 1
  throws(() => {
    for (; taken < 10_000; taken++) datastore.put(key(`peer-${taken}`), bytes('value'))
  }, /the disk is full/)
  is(taken, 1_024)
  values.isBroken = false
  datastore.put(key('late'), bytes('value'))
  is(values.kept.size, 1_024)
  datastore.flush()
  is(values.kept.size, 1_025)
})
