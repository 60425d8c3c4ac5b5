/**
 * One hash over all that a model went by in a decision, which the audit holds: whatever of it is changed afterwards, or moved to
 * another decision, no longer fits. Every field is preceded by its length, and floats by their bits.
 */
import { createHash } from 'node:crypto'
import type { ModelEvidence } from '../detection/index.ts'

const DOMAIN = 'netminder decision evidence 1'

/** SHA-256, in hexadecimal. */
export function evidenceDigest(decisionId: string, evidence: ModelEvidence): string {
  const { model, digest, featureSetVersion, source, features, thresholds, text } = evidence
  const hash = createHash('sha256')
  const length = Buffer.alloc(4)
  const add = (bytes: Uint8Array) => {
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  for (const field of [DOMAIN, decisionId, model, digest, String(featureSetVersion), source]) {
    add(Buffer.from(field, 'utf8'))
  }
  add(floatBytes(features))
  const { watch, throttle, ban } = thresholds
  add(doubleBytes([evidence.score, watch, throttle, ban, evidence.bias, evidence.rest]))
  for (const { feature, contribution } of evidence.contributions) {
    add(Buffer.from(feature, 'utf8'))
    add(doubleBytes([contribution]))
  }
  add(Buffer.from(text, 'utf8'))
  return hash.digest('hex')
}

/** What is not known has many bit patterns and counts as one. */
function floatBytes(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN
    if (Number.isNaN(value)) bytes.writeUInt32LE(0x7fc00000, i * 4)
    else bytes.writeFloatLE(value, i * 4)
  }
  return bytes
}

function doubleBytes(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, i * 8)
  return bytes
}
