/** Writes what becomes of models: the record, what happened to it, and the audit, which a caller puts into one transaction. */
import type { Clock } from '../base/index.ts'
import {
  type ModelEvent,
  type ModelRecord,
  type ModelStore,
  modelId,
  type RegistryAudit
} from './model-record.ts'
import { mismatch } from './refusals.ts'

export type Deed = Pick<ModelEvent, 'action' | 'actor' | 'reason'>

export interface ModelLedgerPorts {
  readonly store: ModelStore
  readonly audit: RegistryAudit
  readonly clock: Pick<Clock, 'nowMs'>
}

export class ModelLedger {
  readonly #ports: ModelLedgerPorts

  constructor(ports: ModelLedgerPorts) {
    this.#ports = ports
  }

  /** A model that was not there before. @throws {ROW_REFUSED} */
  add(
    given: Omit<ModelRecord, 'revision' | 'createdAtMs' | 'updatedAtMs' | 'succeededAtMs'>,
    by: Omit<Deed, 'action'>
  ): ModelRecord {
    const nowMs = this.#ports.clock.nowMs()
    const times = { createdAtMs: nowMs, updatedAtMs: nowMs, succeededAtMs: undefined }
    this.#ports.store.insert({ ...given, ...times })
    const added = { ...given, ...times, revision: 1 }
    this.#note(undefined, added, { action: 'install', ...by })
    return added
  }

  /** @throws {REVISION_MISMATCH} if it was changed since it was seen */
  write(seen: ModelRecord, next: ModelRecord, by: Deed): ModelRecord {
    const record = { ...next, updatedAtMs: this.#ports.clock.nowMs() }
    if (!this.#ports.store.update(record)) throw mismatch(seen)
    const written = { ...record, revision: record.revision + 1 }
    this.#note(seen, written, by)
    return written
  }

  /** The champion makes room for another, and is remembered as the one before. */
  succeed(task: string, by: Omit<Deed, 'action'>): void {
    const champion = this.#ports.store.findChampion(task)
    if (champion === undefined) return
    const succeededAtMs = this.#ports.clock.nowMs()
    const next = { ...champion, stage: 'archived', succeededAtMs } as const
    this.write(champion, next, { action: 'promote', ...by })
  }

  /** The champion is turned out, and is not gone back to. */
  turnOut(task: string, by: Omit<Deed, 'action'>): void {
    const champion = this.#ports.store.findChampion(task)
    if (champion === undefined) return
    const next = { ...champion, stage: 'archived', succeededAtMs: undefined } as const
    this.write(champion, next, { action: 'rollback', ...by })
  }

  /** @throws {REVISION_MISMATCH} */
  remove(record: ModelRecord, by: Omit<Deed, 'action'>): void {
    if (!this.#ports.store.remove(record)) throw mismatch(record)
    this.#note(record, undefined, { action: 'delete', ...by })
  }

  #note(before: ModelRecord | undefined, after: ModelRecord | undefined, by: Deed): void {
    const { action, actor, reason } = by
    const subject = after ?? before
    if (subject === undefined) return
    const { name, version, task } = subject
    this.#ports.store.append({
      ...{ name, version, task, action, actor, reason, atMs: this.#ports.clock.nowMs() },
      stageBefore: before?.stage,
      stageAfter: after?.stage
    })
    this.#ports.audit.append({
      ...{ actor, action: `model.${action}`, target: `model:${modelId(subject)}`, reason },
      before: before === undefined ? undefined : audited(before),
      after: after === undefined ? undefined : audited(after)
    })
  }
}

function audited({ stage, thresholds, notes, revision, digest }: ModelRecord) {
  return { stage, thresholds, notes, revision, digest }
}
