/**
 * One entry of the audit and its hash. The hash covers the hash before it and every field, each preceded by its length, so that
 * no two different entries have the same encoding ("ab" + "c" is not "a" + "bc", and nothing is not the empty text).
 */
import { createHash } from 'node:crypto'

export interface AuditRow {
  readonly sequence: number
  readonly batch: number
  readonly at_ms: number
  readonly actor: string
  readonly action: string
  readonly target: string
  /** JSON. */
  readonly before: string | null
  readonly after: string | null
  readonly reason: string
  readonly previous_hash: Uint8Array
  readonly hash: Uint8Array
}

export type UnhashedAuditRow = Omit<AuditRow, 'hash'>

export interface AuditRecord {
  /** 1, 2, 3 … without gaps. */
  readonly sequence: number
  readonly atMs: number
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly before: unknown
  readonly after: unknown
  readonly reason: string
  /** Hexadecimal hash over this entry and the hash of the one before. */
  readonly hash: string
}

/** What the first entry follows. */
export const GENESIS_HASH: Uint8Array = Buffer.alloc(32)

const DOMAIN = 'netminder audit entry 1'
const TEXT_LENGTH_MAX = 4_096
const JSON_BYTES_MAX = 64 * 1_024

export function hashAuditRow(row: UnhashedAuditRow): Buffer {
  const hash = createHash('sha256')
  const length = Buffer.alloc(5)
  for (const field of [
    DOMAIN,
    row.previous_hash,
    String(row.sequence),
    String(row.batch),
    String(row.at_ms),
    row.actor,
    row.action,
    row.target,
    row.before,
    row.after,
    row.reason
  ]) {
    length.writeUInt8(field === null ? 0 : 1, 0)
    const bytes =
      typeof field === 'string' ? Buffer.from(field, 'utf8') : (field ?? new Uint8Array())
    length.writeUInt32BE(bytes.length, 1)
    hash.update(length).update(bytes)
  }
  return hash.digest()
}

export function auditRecordOf(row: AuditRow): AuditRecord {
  return {
    sequence: row.sequence,
    atMs: row.at_ms,
    actor: row.actor,
    action: row.action,
    target: row.target,
    before: row.before === null ? undefined : JSON.parse(row.before),
    after: row.after === null ? undefined : JSON.parse(row.after),
    reason: row.reason,
    hash: Buffer.from(row.hash).toString('hex')
  }
}

/** Well-formed text of bounded length; what is cut off ends in "…". */
export function boundedText(text: string): string {
  const wellFormed = text.toWellFormed()
  return wellFormed.length <= TEXT_LENGTH_MAX
    ? wellFormed
    : `${wellFormed.slice(0, TEXT_LENGTH_MAX).toWellFormed()}…`
}

/** JSON of bounded length. Of a larger value only the size and the hash are kept, so that it can still be proved what it was. */
export function boundedJson(value: unknown): string | null {
  const json: string | undefined = JSON.stringify(value)
  if (json === undefined) return null
  const bytes = Buffer.byteLength(json)
  if (bytes <= JSON_BYTES_MAX) return json
  const sha256 = createHash('sha256').update(json).digest('hex')
  return JSON.stringify({ omitted: { bytes, sha256 } })
}
