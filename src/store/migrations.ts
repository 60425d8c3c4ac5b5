/**
 * Brings a database to the schema of this program: forward only, one step per transaction, and never over a step that was
 * edited after it had been applied.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../base/index.ts'
import type { Connection } from './connection.ts'
import { StorageError } from './errors.ts'
import type { Migration } from './migration.ts'
import { decisionCreate } from './migrations/0001-decision-create.ts'
import { settingCreate } from './migrations/0002-setting-create.ts'
import { auditCreate } from './migrations/0003-audit-create.ts'
import { tokenCreate } from './migrations/0004-token-create.ts'
import { networkCreate } from './migrations/0005-network-create.ts'
import { sharingCreate } from './migrations/0006-sharing-create.ts'
import { toldVoteAdd } from './migrations/0007-told-vote-add.ts'
import { modelCreate } from './migrations/0008-model-create.ts'
import { featureCreate } from './migrations/0009-feature-create.ts'
import { trainingJobCreate } from './migrations/0010-training-job-create.ts'
import { evidenceCreate } from './migrations/0011-evidence-create.ts'
import { publishedListProgressAdd } from './migrations/0012-published-list-progress-add.ts'

/** In order; the last one is the schema version of this program. */
export const MIGRATIONS: readonly Migration[] = [
  decisionCreate,
  settingCreate,
  auditCreate,
  tokenCreate,
  networkCreate,
  sharingCreate,
  toldVoteAdd,
  modelCreate,
  featureCreate,
  trainingJobCreate,
  evidenceCreate,
  publishedListProgressAdd
]

const JOURNAL_SQL = `
CREATE TABLE IF NOT EXISTS schema_migration (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  -- SHA-256 of the SQL text.
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  applied_at_ms INTEGER NOT NULL
) STRICT`

interface AppliedRow {
  readonly id: number
  readonly name: string
  readonly sha256: Uint8Array
}

export function schemaVersionOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.id ?? 0
}

function hashOf(migration: Migration): Buffer {
  return createHash('sha256').update(migration.sql).digest()
}

/** @throws {MIGRATION_EDITED} if what made this database is not what this program would have made */
export function checkApplied(connection: Connection, migrations: readonly Migration[]): void {
  const version = connection.pragma('user_version')
  if (version === 0) return
  const applied = connection
    .prepare<[], AppliedRow>(
      'SELECT id, name, sha256 FROM schema_migration ORDER BY id LIMIT 10000'
    )
    .all()
  for (let id = 1; id <= Number(version); id++) {
    const row = applied[id - 1]
    const migration = migrations[id - 1]
    if (row?.id === id && migration !== undefined && hashOf(migration).equals(row.sha256)) continue
    const got = row === undefined ? 'no record of it' : `"${row.name}" with another content`
    throw new StorageError(
      'MIGRATION_EDITED',
      `expected migration ${id} of ${connection.path} to be "${migration?.name ?? '(none)'}" of this program, got ${got}: install the netminder that wrote this database, or restore a backup`,
      { context: { path: connection.path, migration: id } }
    )
  }
}

/** Applies what is missing. @throws {MIGRATION_EDITED | DISK_FULL | DATABASE_READ_ONLY} */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[],
  clock: Clock
): void {
  checkApplied(connection, migrations)
  const version = Number(connection.pragma('user_version'))
  for (const migration of migrations.slice(version)) {
    connection.transaction.run(() => {
      connection.execute(JOURNAL_SQL)
      connection.execute(migration.sql)
      connection
        .prepare<[number, string, Uint8Array, number]>(
          'INSERT INTO schema_migration (id, name, sha256, applied_at_ms) VALUES (?, ?, ?, ?)'
        )
        .run(migration.id, migration.name, hashOf(migration), clock.nowMs())
      // In the same transaction: a crash leaves either both the step and its number, or neither.
      connection.execute(`PRAGMA user_version = ${migration.id}`)
    })
  }
}
