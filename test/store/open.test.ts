/** How a database is opened, refused, set aside and brought up to date, with the real files of each case. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { equal, is, match, ok, throws, unreachable } from 'uvu/assert'
import { NetminderError } from '../../src/base/index.ts'
import {
  AuditRepository,
  DecisionRepository,
  ListRepository,
  openDatabase,
  openDatabaseForReading,
  storePaths
} from '../../src/store/index.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import {
  makeDataDir,
  makeDecision,
  makeStore,
  removeDataDir,
  START_MS,
  uuidOf
} from '../support/store.ts'
import { suite } from '../support/suite.ts'

const test = suite('opening the database')
let dataDir: string

test.beforeEach(() => {
  dataDir = makeDataDir()
})
test.afterEach(() => removeDataDir(dataDir))

function databaseFile(): string {
  return storePaths(dataDir).database
}

/** Runs a program of the system; only root can mount, and nobody else need. */
function runSystem(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0
}

/** Name → SHA-256 of every file in the data directory. */
function fingerprints(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dataDir)
      .filter((name) => !name.startsWith('netminder.lock'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(dataDir, name)))
          .digest('hex')
      ])
  )
}

function refusal(work: () => unknown): NetminderError {
  try {
    work()
  } catch (error) {
    if (error instanceof NetminderError) return error
    throw error
  }
  return unreachable('expected a refusal, got none') as never
}

function fill(): void {
  const store = makeStore(dataDir)
  const decisions = new DecisionRepository(store.db)
  for (let i = 0; i < 200; i++) decisions.insert(makeDecision(i))
  store.audit.append({
    actor: 'system',
    action: 'config.change',
    target: 'config',
    before: undefined,
    after: undefined,
    reason: ''
  })
  store.db.close()
}

/** Changes a database as a program would that is none of ours. */
function alter(sql: string): void {
  const database = new SqliteDatabase(databaseFile())
  database.exec(sql)
  database.close()
}

test('makes the directory and the files for their owner only', () => {
  const inner = join(dataDir, 'a', 'b')
  const { db, setAside, backup } = openDatabase({ dataDir: inner })
  equal([setAside, backup], [undefined, undefined])
  is(statSync(inner).mode & 0o777, 0o700)
  for (const name of ['netminder.db', 'netminder.db-wal', 'netminder.db-shm']) {
    is(statSync(join(inner, name)).mode & 0o777, 0o600, name)
  }
  db.close()
})

test('sets its pragmas', () => {
  const { db } = openDatabase({ dataDir })
  const values = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'application_id']
  equal(
    values.map((name) => db.pragma(name)),
    ['wal', 2, 1, 5_000, 0x4e4d4452]
  )
  is(db.pragma('user_version'), MIGRATIONS.length)
  db.close()
})

test('flushes the disk at every commit but those of what others hold too, and goes back to it also after a failure', () => {
  const { db } = openDatabase({ dataDir })
  const synchronous = () => db.pragma('synchronous')
  is(db.transaction.run(synchronous), 2)
  is(db.transaction.run(synchronous, 'process'), 1)
  is(synchronous(), 2)
  is(
    db.transaction.run(() => db.transaction.run(synchronous, 'process')),
    2
  )
  const fail = () => {
    throw new Error('no')
  }
  throws(() => db.transaction.run(fail, 'process'))
  is(synchronous(), 2)
  db.close()
})

test('finds again what was stored', () => {
  fill()
  const { db } = openDatabase({ dataDir })
  equal(new DecisionRepository(db).find(uuidOf(7)), makeDecision(7))
  db.close()
})

test('refuses a database of a newer version and leaves every byte of it', () => {
  fill()
  alter('PRAGMA user_version = 999')
  const before = fingerprints()
  const error = refusal(() => openDatabase({ dataDir }))
  is(error.code, 'DATABASE_NEWER')
  match(error.message, /expected schema version 12 or older in .*, got 999.*not touched.*install/)
  equal(fingerprints(), before)
  is(refusal(() => openDatabaseForReading(dataDir)).code, 'DATABASE_NEWER')
})

test('refuses a newer database whose version stands in the write-ahead log only', () => {
  fill()
  const copy = new SqliteDatabase(databaseFile())
  copy.exec('PRAGMA user_version = 999')
  const kept = makeDataDir()
  for (const suffix of ['', '-wal']) {
    copyFileSync(`${databaseFile()}${suffix}`, join(kept, `netminder.db${suffix}`))
  }
  copy.close()
  const wal = readFileSync(join(kept, 'netminder.db-wal'))
  const main = readFileSync(join(kept, 'netminder.db'))
  is(refusal(() => openDatabase({ dataDir: kept })).code, 'DATABASE_NEWER')
  ok(readFileSync(join(kept, 'netminder.db-wal')).equals(wal))
  ok(readFileSync(join(kept, 'netminder.db')).equals(main))
  removeDataDir(kept)
})

test("refuses another program's database and leaves it", () => {
  alter('CREATE TABLE note (text TEXT)')
  const before = fingerprints()
  is(refusal(() => openDatabase({ dataDir })).code, 'DATABASE_FOREIGN')
  equal(fingerprints(), before)
})

test('refuses a database that an edited migration made', () => {
  fill()
  const edited = MIGRATIONS.map((migration) =>
    migration.id === 2 ? { ...migration, sql: `${migration.sql}-- edited` } : migration
  )
  const error = refusal(() => openDatabase({ dataDir, migrations: edited }))
  is(error.code, 'MIGRATION_EDITED')
  match(error.message, 'setting-create')
  openDatabase({ dataDir }).db.close()
  alter('DELETE FROM schema_migration WHERE id = 3')
  is(refusal(() => openDatabase({ dataDir })).code, 'MIGRATION_EDITED')
})

const NEXT = {
  id: MIGRATIONS.length + 1,
  name: 'note-create',
  sql: 'CREATE TABLE note (text TEXT NOT NULL) STRICT;'
}

test('brings an older database up to date after a backup of it', () => {
  fill()
  const { db, backup } = openDatabase({ dataDir, migrations: [...MIGRATIONS, NEXT] })
  is(db.pragma('user_version'), NEXT.id)
  is(new DecisionRepository(db).list({ limit: 1_000 }).items.length, 200)
  db.close()
  ok(backup !== undefined && (statSync(backup).mode & 0o777) === 0o600)
  const old = new SqliteDatabase(backup ?? '', { readonly: true })
  is(old.pragma('user_version', { simple: true }), MIGRATIONS.length)
  is(old.prepare('SELECT count(*) FROM decision').pluck().get(), 200)
  old.close()
})

test('an older database is not read before it is brought up to date', () => {
  fill()
  is(refusal(() => openDatabaseForReading(dataDir, [...MIGRATIONS, NEXT])).code, 'DATABASE_OLDER')
})

test('a migration that fails leaves the database as it was', () => {
  fill()
  const broken = {
    ...NEXT,
    sql: 'CREATE TABLE note (text TEXT) STRICT; CREATE TABLE decision (x);'
  }
  let failure: unknown
  try {
    openDatabase({ dataDir, migrations: [...MIGRATIONS, broken] })
  } catch (error) {
    failure = error
  }
  ok(failure instanceof Error)
  const { db } = openDatabase({ dataDir })
  is(db.pragma('user_version'), MIGRATIONS.length)
  is(
    db
      .prepare<[], { n: number }>("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'note'")
      .find()?.n,
    0
  )
  db.close()
})

test('keeps no more than three backups', () => {
  for (let version = 1; version <= 5; version++) {
    const migrations = Array.from({ length: version }, (_, i) => ({
      id: i + 1,
      name: `table${i}-create`,
      sql: `CREATE TABLE t${i} (x TEXT) STRICT;`
    }))
    openDatabase({ dataDir, migrations }).db.close()
  }
  is(readdirSync(dataDir).filter((name) => name.includes('before-migration')).length, 3)
})

const damages: readonly { name: string; damage: (file: string) => void }[] = [
  { name: 'text instead of a database', damage: (file) => writeFileSync(file, 'x'.repeat(9_000)) },
  { name: 'a file cut in half', damage: (file) => truncateSync(file, 20_480) },
  {
    name: 'pages overwritten',
    damage: (file) => {
      const bytes = readFileSync(file)
      bytes.fill(0xa5, 4_096, 16_384)
      writeFileSync(file, bytes)
    }
  },
  {
    name: 'a spoilt header',
    damage: (file) => {
      const bytes = readFileSync(file)
      bytes.fill(0, 0, 30)
      writeFileSync(file, bytes)
    }
  }
]
for (const { name, damage } of damages) {
  test(`keeps a damaged database aside and begins a new one: ${name}`, async () => {
    fill()
    damage(databaseFile())
    writeFileSync(`${databaseFile()}-wal`, 'what was left of the log')
    const damaged = readFileSync(databaseFile())
    const store = makeStore(dataDir)
    store.db.close()
    const aside = `${databaseFile()}.corrupt-2026-03-01T12-00-00Z`
    ok(readFileSync(aside).equals(damaged))
    is(readFileSync(`${aside}-wal`, 'utf8'), 'what was left of the log')
    ok(existsSync(`${aside}.audit-head.json`))
    const again = makeStore(dataDir)
    is(new DecisionRepository(again.db).list({ limit: 1 }).items.length, 0)
    equal(await again.audit.verify(), { rows: 0, faults: [] })
    again.db.close()
  })
}

test('tells where the damaged database lies and never replaces an earlier one', () => {
  const asides = [1, 2].map((count) => {
    writeFileSync(databaseFile(), `garbage ${count} `.repeat(500))
    const clock = { nowMs: () => START_MS } as Parameters<typeof openDatabase>[0]['clock'] & object
    const { db, setAside } = openDatabase({ dataDir, clock })
    db.close()
    return setAside ?? ''
  })
  is(new Set(asides).size, 2)
  for (const [i, aside] of asides.entries()) match(readFileSync(aside, 'utf8'), `garbage ${i + 1}`)
})

test('a reader is told of damage and changes nothing', () => {
  writeFileSync(databaseFile(), 'garbage'.repeat(500))
  is(refusal(() => openDatabaseForReading(dataDir)).code, 'DATABASE_CORRUPT')
  is(readFileSync(databaseFile(), 'utf8'), 'garbage'.repeat(500))
  is(refusal(() => openDatabaseForReading(join(dataDir, 'none'))).code, 'DATABASE_ABSENT')
})

test('an emptied database is begun anew, and the audit tells', async () => {
  fill()
  truncateSync(databaseFile(), 0)
  const store = makeStore(dataDir)
  const { faults } = await store.audit.verify()
  equal(
    faults.map(({ sequence, kind }) => `${sequence} ${kind}`),
    ['1 truncated']
  )
  store.db.close()
})

test('refuses a second writer, by the pid of the first, and lets readers in', () => {
  const { db } = openDatabase({ dataDir })
  const error = refusal(() => openDatabase({ dataDir }))
  is(error.code, 'DATABASE_LOCKED')
  match(error.message, `process ${process.pid}`)
  const reader = openDatabaseForReading(dataDir)
  new ListRepository(db, 'blocklist').put({
    prefix: '192.0.2.0/24',
    note: '',
    addedBy: 'cli:me',
    createdAtMs: START_MS,
    untilMs: undefined
  })
  is(new ListRepository(reader, 'blocklist').all().length, 1)
  is(
    refusal(() => new ListRepository(reader, 'blocklist').remove('192.0.2.0/24')).code,
    'DATABASE_READ_ONLY'
  )
  reader.close()
  db.close()
  openDatabase({ dataDir }).db.close()
})

test('refuses a second writer in another process', () => {
  const { db } = openDatabase({ dataDir })
  const script = `import { openDatabase } from ${JSON.stringify(new URL('../../src/store/index.ts', import.meta.url).href)}
    try { openDatabase({ dataDir: ${JSON.stringify(dataDir)} }) } catch (error) { process.stdout.write(error.code) }`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  is(stdout.toString(), 'DATABASE_LOCKED')
  db.close()
})

test('refuses a lock file that is none', () => {
  writeFileSync(storePaths(dataDir).lock, 'not a lock, but long enough to be looked at'.repeat(50))
  const error = refusal(() => openDatabase({ dataDir }))
  is(error.code, 'DATA_DIRECTORY_UNUSABLE')
  match(error.message, 'remove this file')
})

test('refuses a data directory that is a file, or lies under one', () => {
  const file = join(dataDir, 'file')
  writeFileSync(file, '')
  is(refusal(() => openDatabase({ dataDir: file })).code, 'DATA_DIRECTORY_UNUSABLE')
  is(refusal(() => openDatabase({ dataDir: join(file, 'x') })).code, 'DATA_DIRECTORY_UNUSABLE')
})

test('refuses a database that is a directory', () => {
  mkdirSync(databaseFile())
  is(refusal(() => openDatabase({ dataDir })).code, 'DATA_DIRECTORY_UNUSABLE')
})

/** Root may write anywhere: as root the test is run as nobody for the moment. */
function asPlainUser<T>(work: () => T): T {
  if (process.getuid?.() !== 0) return work()
  process.seteuid?.(65_534)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
  }
}

test('refuses a data directory that cannot be written', () => {
  fill()
  chmodSync(dataDir, 0o555)
  const error = asPlainUser(() => refusal(() => openDatabase({ dataDir })))
  chmodSync(dataDir, 0o755)
  is(error.code, 'DATABASE_READ_ONLY')
  match(error.message, /expected to write .*: give it to the user that runs netminder/)
})

test('refuses a database that cannot be written in a directory that can', () => {
  fill()
  chmodSync(dataDir, 0o777)
  chmodSync(databaseFile(), 0o444)
  chmodSync(storePaths(dataDir).lock, 0o666)
  const error = asPlainUser(() => refusal(() => openDatabase({ dataDir })))
  is(error.code, 'DATABASE_READ_ONLY')
})

test('meets a full disk with a clear error, loses nothing, and goes on when there is room', async () => {
  const isMounted = runSystem('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dataDir)
  try {
    const store = makeStore(dataDir)
    // Where no small disk can be mounted, SQLite's own limit answers as a full disk does.
    if (!isMounted) store.db.execute('PRAGMA max_page_count = 300')
    const decisions = new DecisionRepository(store.db)
    let stored = 0
    const error = refusal(() => {
      for (; stored < 10_000; stored++) {
        store.db.transaction.run(() => {
          decisions.insert(makeDecision(stored))
          const after = { filler: 'x'.repeat(2_000) }
          store.audit.append({
            actor: 'detection',
            action: 'decision.create',
            target: uuidOf(stored),
            before: undefined,
            after,
            reason: ''
          })
        })
      }
    })
    is(error.code, 'DISK_FULL')
    match(error.message, 'free some space')
    ok(stored > 10)
    is(
      new DecisionRepository(store.db).list({ limit: 1_000 }).items.length,
      Math.min(stored, 1_000)
    )
    equal((await store.audit.verify()).faults, [])
    if (isMounted) ok(runSystem('mount', '-o', 'remount,size=8m', dataDir))
    else store.db.execute('PRAGMA max_page_count = 10000')
    decisions.insert(makeDecision(99_999))
    store.db.close()
    const again = makeStore(dataDir)
    is(new DecisionRepository(again.db).find(uuidOf(stored - 1))?.id, uuidOf(stored - 1))
    equal((await again.audit.verify()).faults, [])
    again.db.close()
  } finally {
    if (isMounted) runSystem('umount', '-l', dataDir)
  }
})

test('a disk that is full at the start is said so', () => {
  if (!runSystem('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dataDir)) return
  try {
    writeFileSync(join(dataDir, 'filler'), Buffer.alloc(56 * 1_024))
    is(refusal(() => openDatabase({ dataDir })).code, 'DISK_FULL')
  } finally {
    runSystem('umount', '-l', dataDir)
  }
})

test('closing twice does nothing, and the audit of a closed store is not needed', () => {
  const { db } = openDatabase({ dataDir })
  new AuditRepository(db, { nowMs: () => 0 } as never, { headFile: storePaths(dataDir).auditHead })
  db.close()
  db.close()
  is(db.isOpen, false)
})
