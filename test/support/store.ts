/** A store in a temporary directory that goes away with the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../../src/base/index.ts'
import { AuditRepository } from '../../src/store/audit-repository.ts'
import type { Connection } from '../../src/store/connection.ts'
import { storePaths } from '../../src/store/data-directory.ts'
import type { DecisionRecord } from '../../src/store/decision-record.ts'
import { openDatabase } from '../../src/store/open.ts'

export const START_MS = Date.UTC(2026, 2, 1, 12)

export interface TemporaryStore {
  readonly dataDir: string
  readonly clock: ManualClock
  readonly db: Connection
  readonly audit: AuditRepository
}

export function makeDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'netminder-store-'))
}

export function removeDataDir(dataDir: string): void {
  rmSync(dataDir, { recursive: true, force: true })
}

export function makeStore(dataDir: string = makeDataDir()): TemporaryStore {
  const clock = new ManualClock(START_MS)
  const { db } = openDatabase({ dataDir, clock })
  const audit = new AuditRepository(db, clock, { headFile: storePaths(dataDir).auditHead })
  return { dataDir, clock, db, audit }
}

export function removeStore(store: TemporaryStore): void {
  store.db.close()
  removeDataDir(store.dataDir)
}

/** A UUID whose last digits are the number, so that ids sort as the numbers do. */
export function uuidOf(number: number): string {
  return `01900000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

export function makeDecision(number: number, fields: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    id: uuidOf(number),
    scope: 'address',
    value: '192.0.2.7',
    prefixes: ['192.0.2.7/32'],
    type: 'ban',
    category: 'upload-flood',
    origin: 'detection',
    mode: 'enforce',
    score: 0.97,
    reasons: [{ rule: 'upload-rate', text: '61 uploads in 1 min', counters: { uploads: 61 } }],
    lineHashes: ['0123456789abcdef'],
    model: undefined,
    offence: 0,
    createdAtMs: START_MS + number * 1_000,
    untilMs: START_MS + number * 1_000 + 600_000,
    liftedAtMs: undefined,
    liftedBy: undefined,
    liftReason: undefined,
    ...fields
  }
}
