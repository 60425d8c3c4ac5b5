/** A database of yesterday, a lost file, a death between keeping and saying so: no number twice, nothing lost that was accepted. */
import { spawn } from 'node:child_process'
import { copyFileSync, cpSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { equal, is, ok, throws } from 'uvu/assert'
import { ManualClock } from '../../../src/base/index.ts'
import { EventRepository, OwnSequence, StorageError } from '../../../src/store/index.ts'
import { decodeEvent } from '../../../src/wire/index.ts'
import { Author, alertBody, makeNode, NETWORK, networkOf, reasonOf } from '../../support/network.ts'
import {
  makeDataDir,
  makeStore,
  removeDataDir,
  removeStore,
  START_MS
} from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('own numbers and restored backups', { timeoutMs: 60_000 })
const DAY_MS = 86_400_000
let dataDir: string
let file: string

test.beforeEach(() => {
  dataDir = makeDataDir()
  file = join(dataDir, 'own-sequence.json')
})
test.afterEach(() => removeDataDir(dataDir))

function sequence(nowMs: number, highestKept?: bigint): OwnSequence {
  return new OwnSequence({ file, highestKept: () => highestKept }, new ManualClock(nowMs))
}

function take(from: OwnSequence, count: number): bigint[] {
  return Array.from({ length: count }, () => from.next(NETWORK.id))
}

test('goes up by one, across the blocks that are reserved', () => {
  const numbers = take(sequence(START_MS), 600)
  numbers.forEach((number, i) => {
    is(number, BigInt(START_MS + i))
  })
  is(statSync(file).mode & 0o777, 0o600)
})

test('counts for each network apart', () => {
  const own = sequence(START_MS)
  const other = networkOf('other')
  is(own.next(NETWORK.id), own.next(other.id))
})

test('reserves on the disk before it gives out: a restart in the same millisecond repeats nothing', () => {
  const before = take(sequence(START_MS), 300)
  const after = take(sequence(START_MS), 300)
  is(new Set([...before, ...after]).size, 600)
})

test('repeats nothing when the clock was set back and the database is of yesterday', () => {
  const used = take(sequence(START_MS + DAY_MS), 10)
  const after = take(sequence(START_MS - DAY_MS, BigInt(START_MS)), 10)
  is(new Set([...used, ...after]).size, 20)
})

test('repeats nothing when the whole directory was restored from yesterday', () => {
  take(sequence(START_MS), 10)
  const backup = `${file}.yesterday`
  copyFileSync(file, backup)
  const used = take(sequence(START_MS + DAY_MS - 60_000), 5_000)
  copyFileSync(backup, file)
  const after = take(sequence(START_MS + DAY_MS), 5_000)
  is(new Set([...used, ...after]).size, 10_000)
})

test('repeats nothing when the file is lost and the clock is wrong, as far as the database knows', () => {
  is(sequence(1_000, 7_000n).next(NETWORK.id), 7_001n)
})

test('learns from others what was used under its key', () => {
  const own = sequence(START_MS)
  const [first = 0n] = take(own, 1)
  own.learn(NETWORK.id, first + 5_000n)
  own.learn(NETWORK.id, 3n)
  is(own.next(NETWORK.id), first + 5_001n)
  ok(sequence(START_MS).next(NETWORK.id) > first + 5_001n)
})

test('does not start on a file that it cannot read', () => {
  for (const text of ['', '{', '{"format":2}', '{"format":1,"networks":{"a":"x"}}']) {
    writeFileSync(file, text)
    throws(
      () => sequence(START_MS),
      (error: unknown) => error instanceof StorageError && error.code === 'SECRET_FILE_UNUSABLE'
    )
  }
})

class DyingRepository extends EventRepository {
  override transaction<T>(work: () => T): T {
    super.transaction(work)
    throw new StorageError('DATABASE_IO_FAILED', 'the last thing that this process sees')
  }
}

class FullRepository extends EventRepository {
  isFull = true

  override transaction<T>(work: () => T): T {
    if (this.isFull) throw new StorageError('DISK_FULL', 'full')
    return super.transaction(work)
  }
}

test("a node with yesterday's database learns its own numbers as its events come back", async () => {
  const self = new Author('self', NETWORK, BigInt(START_MS))
  const today = [self.announce(), self.say(alertBody()), self.say(alertBody())]
  const own = sequence(1_000)
  const elsewhere: bigint[] = []
  const node = makeNode({ ownKey: self.key, ports: { sequence: own } })
  node.intake.subscribe({ onOwnKeyUsed: ({ seq }) => elsewhere.push(seq) })
  for (const event of today) is(reasonOf(await node.fetch(event)), 'accept')
  equal(
    elsewhere,
    today.map(({ seq }) => seq)
  )
  is(own.next(NETWORK.id), self.seq)
  is(node.events.highestSeq(NETWORK.id, self.key), self.seq - 1n)
  removeStore(node.store)
})

test('a database that was restored takes back from others what it lost, and nothing twice', async () => {
  const alice = new Author('alice')
  const first = makeNode()
  await first.gossip(alice.announce())
  const old = alice.say(alertBody())
  await first.gossip(old)
  first.store.db.close()
  const backup = `${first.store.dataDir}.backup`
  cpSync(first.store.dataDir, backup, { recursive: true })
  rmSync(first.store.dataDir, { recursive: true })

  const restored = makeNode({ store: makeStore(backup) })
  const lost = alice.say(alertBody())
  is(reasonOf(await restored.fetch(lost)), 'accept')
  is(reasonOf(await restored.fetch(old)), 'ignore DUPLICATE')
  removeStore(restored.store)
})

test('a death after keeping and before accepting leaves an event that is known, once', async () => {
  const alice = new Author('alice')
  const node = makeNode()
  await node.gossip(alice.announce())
  const event = alice.say(alertBody())
  const dying = makeNode({
    store: node.store,
    ports: {
      events: new DyingRepository(node.store.db)
    }
  })
  is(reasonOf(await dying.gossip(event)), 'ignore STORE_FAILED')
  is(node.events.has(event.id), true)
  const restarted = makeNode({ store: node.store })
  is(restarted.intake.liveSet(NETWORK.id)?.treeOf('alert').size, 1)
  is(reasonOf(await restarted.gossip(event)), 'ignore DUPLICATE')
  removeStore(node.store)
})

test('an event that cannot be kept is not accepted, and comes again later', async () => {
  const alice = new Author('alice')
  const node = makeNode()
  await node.gossip(alice.announce())
  const disk = new FullRepository(node.store.db)
  const failing = makeNode({
    store: node.store,
    ports: {
      events: disk
    }
  })
  const event = alice.say(alertBody())
  is(reasonOf(await failing.gossip(event)), 'ignore STORE_FAILED')
  is(failing.failures.length, 1)
  disk.isFull = false
  is(reasonOf(await failing.gossip(event)), 'accept')
  removeStore(node.store)
})

test('kill -9 at any moment loses nothing that was accepted', async () => {
  const writer = fileURLToPath(new URL('../../support/accepting-writer.ts', import.meta.url))
  for (let run = 0; run < 4; run++) {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', writer, dataDir, String(run)],
      { stdio: ['ignore', 'pipe', 'inherit'] }
    )
    let text = ''
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.split('\n').length > 20 + run * 7) child.kill('SIGKILL')
      })
      child.on('close', () => resolve())
    })
    const accepted = text.split('\n').slice(0, -1)
    ok(accepted.length >= 20)
    const node = makeNode({ store: makeStore(dataDir) })
    for (const hex of accepted) {
      const kept = node.events.find(Buffer.from(hex, 'hex'))
      ok(kept !== undefined)
      equal(Buffer.from(decodeEvent(kept.envelope).id).toString('hex'), hex)
    }
    node.store.db.close()
  }
})
