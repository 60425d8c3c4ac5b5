/** Every way in which an audit can be tampered with, by a second connection that drops the triggers first. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import SqliteDatabase from 'better-sqlite3'
import { equal, is, match, ok, throws } from 'uvu/assert'
import type { AuditReader } from '../../../src/api/ports.ts'
import { NetminderError } from '../../../src/base/index.ts'
import type { AuditLog } from '../../../src/defense/index.ts'
import { type AuditRow, hashAuditRow } from '../../../src/store/audit-row.ts'
import { AuditRepository, storePaths } from '../../../src/store/index.ts'
import { makeStore, removeStore, START_MS, type TemporaryStore } from '../../support/store.ts'
import { suite } from '../../support/suite.ts'

const test = suite('audit')
let store: TemporaryStore

test.beforeEach(() => {
  store = makeStore()
})
test.afterEach(() => removeStore(store))

function append(count: number, audit: AuditRepository = store.audit): void {
  for (let i = 1; i <= count; i++) {
    audit.append({
      actor: 'cli:me',
      action: 'allowlist.add',
      target: `192.0.2.${i}/32`,
      before: undefined,
      after: { note: `entry ${i}` },
      reason: 'office'
    })
  }
}

function tamper(sql: string): void {
  const database = new SqliteDatabase(store.db.path)
  database.exec(`DROP TRIGGER IF EXISTS audit_entry_keeps_order;
    DROP TRIGGER IF EXISTS audit_entry_is_never_changed; DROP TRIGGER IF EXISTS audit_entry_is_never_removed;`)
  database.exec(sql)
  database.close()
}

/** A node that starts again knows only what is on the disk. */
function restart(): AuditRepository {
  return new AuditRepository(store.db, store.clock, { headFile: headFile() })
}

function headFile(): string {
  return storePaths(store.dataDir).auditHead
}

async function faults(audit = store.audit): Promise<string[]> {
  const verification = await audit.verify()
  return verification.faults.map(({ sequence, kind }) => `${sequence} ${kind}`)
}

test('is what the guard and the API ask for', () => {
  const log: AuditLog = store.audit
  const reader: AuditReader = store.audit
  log.append({ actor: 'a', action: 'b', target: 'c', before: 1, after: 2, reason: 'd' })
  is(reader.list({ limit: 1 }).items[0]?.sequence, 1)
})

test('an empty audit and a full one are whole', async () => {
  equal(await store.audit.verify(), { rows: 0, faults: [] })
  append(1_203)
  equal(await store.audit.verify(), { rows: 1_203, faults: [] })
  equal(await restart().verify(), { rows: 1_203, faults: [] })
})

test('gives back what was recorded, newest first, page by page', () => {
  append(3)
  store.audit.append({
    actor: 'token:grafana',
    action: 'mode.set',
    target: 'mode',
    before: { overall: 'shadow' },
    after: null,
    reason: ''
  })
  const page = store.audit.list({ limit: 2 })
  const [newest, older] = page.items
  equal(
    { ...newest, hash: '' },
    {
      sequence: 4,
      atMs: START_MS,
      actor: 'token:grafana',
      action: 'mode.set',
      target: 'mode',
      before: { overall: 'shadow' },
      after: null,
      reason: '',
      hash: ''
    }
  )
  is(older?.before, undefined)
  equal(
    store.audit.list({ limit: 9, cursor: page.nextCursor }).items.map(({ sequence }) => sequence),
    [2, 1]
  )
  equal(store.audit.list({ limit: 9, actor: 'cli:me', target: '192.0.2.2/32' }).items.length, 1)
  equal(store.audit.list({ limit: 9, action: 'mode.set' }).items.length, 1)
  equal(store.audit.list({ limit: 9, sinceMs: START_MS + 1 }).items.length, 0)
  throws(
    () => store.audit.list({ limit: 1, cursor: 'x' }),
    (error: unknown) => error instanceof NetminderError && error.code === 'CURSOR_INVALID'
  )
})

for (const sql of [
  "UPDATE audit_entry SET reason = 'x' WHERE sequence = 2",
  'DELETE FROM audit_entry WHERE sequence = 3',
  'REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE sequence = 2',
  'INSERT INTO audit_entry SELECT 9, 9, at_ms, actor, action, target, before, after, reason, previous_hash, hash FROM audit_entry WHERE sequence = 3'
]) {
  test(`the schema refuses: ${sql.slice(0, 60)}`, () => {
    append(3)
    throws(() => store.db.execute(sql), /is never|can only follow/)
  })
}

for (const column of ['actor', 'action', 'target', 'before', 'after', 'reason']) {
  test(`names the entry whose ${column} was changed`, async () => {
    append(5)
    tamper(`UPDATE audit_entry SET ${column} = '"x"' WHERE sequence = 3`)
    equal(await faults(), ['3 changed'])
  })
}

for (const column of ['at_ms', 'batch']) {
  test(`names the entry whose ${column} was changed`, async () => {
    append(5)
    tamper(`UPDATE audit_entry SET ${column} = ${column} + 1 WHERE sequence = 3`)
    equal(await faults(), ['3 changed'])
  })
}

test('tells "nothing before" from an empty text', async () => {
  append(2)
  tamper("UPDATE audit_entry SET before = '' WHERE sequence = 1")
  equal(await faults(), ['1 changed'])
})

test('names the place where an entry was replaced together with its hash', async () => {
  append(5)
  const database = new SqliteDatabase(store.db.path)
  const row = database.prepare('SELECT * FROM audit_entry WHERE sequence = 3').get() as AuditRow
  database.close()
  const forged = hashAuditRow({ ...row, reason: 'forged' }).toString('hex')
  tamper(`UPDATE audit_entry SET reason = 'forged', hash = x'${forged}' WHERE sequence = 3`)
  const { faults: found } = await store.audit.verify()
  equal(
    found.map(({ sequence, kind }) => `${sequence} ${kind}`),
    ['4 changed']
  )
  match(found[0]?.detail ?? '', 'does not follow the entry 3')
})

test('notices a whole chain forged anew, since its end is not the one that was recorded', async () => {
  append(2)
  const database = new SqliteDatabase(store.db.path)
  const row = database.prepare('SELECT * FROM audit_entry WHERE sequence = 2').get() as AuditRow
  database.close()
  const forged = hashAuditRow({ ...row, reason: 'forged' }).toString('hex')
  tamper(`UPDATE audit_entry SET reason = 'forged', hash = x'${forged}' WHERE sequence = 2`)
  equal(await faults(), ['2 changed'])
})

test('names entries that were removed at the start and in the middle', async () => {
  append(6)
  tamper('DELETE FROM audit_entry WHERE sequence IN (1, 4)')
  equal(await faults(), ['1 removed', '4 removed'])
})

test('names what was cut off the end, be it one entry, several or all', async () => {
  append(6)
  tamper('DELETE FROM audit_entry WHERE sequence = 6')
  equal(await faults(restart()), ['6 truncated'])
  tamper('DELETE FROM audit_entry WHERE sequence > 2')
  const { faults: found } = await restart().verify()
  match(found[0]?.detail ?? '', 'entries 3 to 6 are missing at the end')
  tamper('DELETE FROM audit_entry')
  equal(await faults(restart()), ['1 truncated'])
})

for (const isRestarted of [true, false]) {
  test(`goes on after a truncation without hiding it (${isRestarted ? 'restarted' : 'running'})`, async () => {
    append(6)
    tamper('DELETE FROM audit_entry WHERE sequence > 4')
    const audit = isRestarted ? restart() : store.audit
    append(3, audit)
    const { rows, faults: found } = await audit.verify()
    is(rows, 8)
    equal(
      found.map(({ sequence, kind }) => `${sequence} ${kind}`),
      ['5 truncated']
    )
    match(found[0]?.detail ?? '', 'entries 5 to 6 are missing')
  })
}

test('names two entries that were swapped, and says so', async () => {
  append(6)
  tamper(`UPDATE audit_entry SET sequence = 100 WHERE sequence = 3;
    UPDATE audit_entry SET sequence = 3 WHERE sequence = 4;
    UPDATE audit_entry SET sequence = 4 WHERE sequence = 100;`)
  const { faults: found } = await store.audit.verify()
  const details = found.map(({ sequence, detail }) => `${sequence} ${detail}`)
  ok(
    details.some((text) =>
      text.includes('3 entry 3 was reordered: it holds what was written as entry 4')
    )
  )
  ok(
    details.some((text) =>
      text.includes('4 entry 4 was reordered: it holds what was written as entry 3')
    )
  )
})

test('names a missing or spoilt head, now and after going on', async () => {
  append(3)
  rmSync(headFile())
  equal(await faults(restart()), ['3 removed'])
  const audit = restart()
  append(1, audit)
  equal(await faults(audit), ['4 truncated'])
  writeFileSync(headFile(), '{')
  equal(await faults(restart()), ['4 truncated', '5 changed'])
})

test('names entries that were added behind its back', async () => {
  append(3)
  const head = readFileSync(headFile())
  append(2)
  writeFileSync(headFile(), head)
  equal(await faults(restart()), ['4 changed'])
})

test('takes one transaction without a head for a crash, and mends the head at the next', async () => {
  append(3)
  const head = readFileSync(headFile())
  store.db.transaction.run(() => append(4))
  writeFileSync(headFile(), head)
  const audit = restart()
  equal(await faults(audit), [])
  append(1, audit)
  equal(await audit.verify(), { rows: 8, faults: [] })
})

test('leaves no trace of a transaction that failed', async () => {
  append(2)
  throws(() =>
    store.db.transaction.run(() => {
      append(3)
      throw new Error('undo')
    })
  )
  equal(await store.audit.verify(), { rows: 2, faults: [] })
  store.db.transaction.run(() => {
    try {
      store.db.transaction.run(() => {
        append(2)
        throw new Error('undo')
      })
    } catch {
      append(1)
    }
  })
  equal(await store.audit.verify(), { rows: 3, faults: [] })
  equal(await restart().verify(), { rows: 3, faults: [] })
})

test('a discontinuity that was noted in a part that failed is noted again', async () => {
  append(3)
  tamper('DELETE FROM audit_entry WHERE sequence = 3')
  store.db.transaction.run(() => {
    try {
      store.db.transaction.run(() => {
        append(1)
        throw new Error('undo')
      })
    } catch {
      append(1)
    }
  })
  equal(await faults(restart()), ['3 truncated'])
})

test('keeps the head to its owner and bounds what one entry can hold', async () => {
  store.audit.append({
    actor: 'x'.repeat(10_000),
    action: 'a',
    target: '\ud800',
    before: { big: 'y'.repeat(100_000) },
    after: '\u0000\ud800',
    reason: ''
  })
  is(statSync(headFile()).mode & 0o777, 0o600)
  const [entry] = store.audit.list({ limit: 1 }).items
  is(entry?.actor.length, 4_097)
  match(JSON.stringify(entry?.before), '"bytes":100010')
  equal(await faults(), [])
})

test('reports a head that cannot be written, and refuses to go on without one', async () => {
  const failures: unknown[] = []
  const missing = `${store.dataDir}/gone/audit-head.json`
  const audit = new AuditRepository(store.db, store.clock, {
    headFile: missing,
    onHeadFailure: (error) => failures.push(error)
  })
  append(1, audit)
  is(failures.length, 1)
  throws(
    () => append(1, audit),
    (error: unknown) => error instanceof NetminderError && error.code === 'DATA_DIRECTORY_UNUSABLE'
  )
  is(store.audit.list({ limit: 9 }).items.length, 1)
})
