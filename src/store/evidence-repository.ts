/**
 * What models went by: one row beside a decision, written once and pruned with it. This room does not know what the explanation
 * says; it gives back what was put in, to the last bit.
 */
import { assert } from '../base/index.ts'
import type { Connection, PreparedStatement } from './connection.ts'
import { findUuidBytes } from './uuid.ts'

export interface EvidenceRecord {
  readonly model: string
  /** SHA-256, in hexadecimal. */
  readonly digest: string
  readonly featureSetVersion: number
  readonly source: string
  readonly features: Float32Array
  readonly score: number
}

interface EvidenceRow {
  readonly model: string
  readonly digest: Uint8Array
  readonly feature_set_version: number
  readonly source: string
  readonly features: Uint8Array
  readonly score: number
  readonly explanation: string
}

interface EvidenceBindings {
  readonly [name: string]: string | number | Uint8Array
}

const FLOAT_BYTES = 4

export class EvidenceRepository<E extends EvidenceRecord = EvidenceRecord> {
  readonly #insert: PreparedStatement<[EvidenceBindings]>
  readonly #find: PreparedStatement<[Uint8Array], EvidenceRow>

  constructor(db: Connection) {
    this.#insert = db.prepare(`INSERT INTO decision_evidence (decision_sequence, model, digest,
        feature_set_version, source, features, score, explanation)
      SELECT sequence, :model, :digest, :featureSetVersion, :source, :features, :score, :explanation
        FROM decision WHERE id = :id`)
    this.#find = db.prepare(`SELECT e.model, e.digest, e.feature_set_version, e.source, e.features,
        e.score, e.explanation
      FROM decision AS d JOIN decision_evidence AS e ON e.decision_sequence = d.sequence
      WHERE d.id = ?`)
  }

  /** Of a decision that is stored already. @throws {ROW_REFUSED} if it has some */
  insert(decisionId: string, evidence: E): void {
    const { model, digest, featureSetVersion, source, features, score, ...explanation } = evidence
    const id = findUuidBytes(decisionId)
    assert(id !== undefined, 'expected a UUID as the id of a decision', { id: decisionId })
    const rows = this.#insert.run({
      ...{ id, model, featureSetVersion, source, score },
      digest: Buffer.from(digest, 'hex'),
      features: bytesOfFloats(features),
      explanation: JSON.stringify(explanation)
    })
    assert(rows === 1, 'expected a stored decision for its evidence', { id: decisionId })
  }

  find(decisionId: string): E | undefined {
    const id = findUuidBytes(decisionId)
    const row = id === undefined ? undefined : this.#find.find(id)
    if (row === undefined) return undefined
    const explanation = JSON.parse(row.explanation) as Omit<E, keyof EvidenceRecord>
    // The row holds what an earlier `insert` put there.
    return {
      ...explanation,
      model: row.model,
      digest: Buffer.from(row.digest).toString('hex'),
      featureSetVersion: row.feature_set_version,
      source: row.source,
      features: floatsOfBytes(row.features),
      score: row.score
    } as E
  }
}

/** Little-endian, whatever the machine is. */
function bytesOfFloats(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * FLOAT_BYTES)
  for (let i = 0; i < values.length; i++) bytes.writeFloatLE(values[i] ?? 0, i * FLOAT_BYTES)
  return bytes
}

function floatsOfBytes(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.length / FLOAT_BYTES }, (_, i) =>
    view.getFloat32(i * FLOAT_BYTES, true)
  )
}
