/**
 * Sums of ids modulo 2^256: order does not matter and an id can be taken out again, so that the sum of a range is kept up to
 * date by adding and subtracting. Least significant word first, an id read as a little-endian number (as negentropy 1 does).
 */
import { createHash } from 'node:crypto'
import { SYNC_FINGERPRINT_BYTES } from '../../wire/index.ts'

const WORDS = 8
const WORD = 0x1_0000_0000

export type Sum256 = Uint32Array

export function zeroSum(): Sum256 {
  return new Uint32Array(WORDS)
}

export function addSum(target: Sum256, other: Sum256): void {
  let carry = 0
  for (let i = 0; i < WORDS; i++) {
    const total = (target[i] ?? 0) + (other[i] ?? 0) + carry
    target[i] = total
    carry = total >= WORD ? 1 : 0
  }
}

export function subtractSum(target: Sum256, other: Sum256): void {
  let borrow = 0
  for (let i = 0; i < WORDS; i++) {
    const rest = (target[i] ?? 0) - (other[i] ?? 0) - borrow
    target[i] = rest
    borrow = rest < 0 ? 1 : 0
  }
}

/** Reads 32 bytes at `offset` into `target`. */
export function readSum(target: Sum256, bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < WORDS; i++) {
    const at = offset + i * 4
    target[i] =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
  }
}

/**
 * What two nodes compare: SHA-256 over the sum and the number of ids, cut to 16 bytes. Who wants two different sets to look
 * alike has to find ids with the same sum; an author can make only as many events as his quota lets live.
 */
export function fingerprintOf(sum: Sum256, count: number): Uint8Array {
  const input = Buffer.alloc(WORDS * 4 + 8)
  for (let i = 0; i < WORDS; i++) input.writeUInt32LE(sum[i] ?? 0, i * 4)
  input.writeUIntLE(count, WORDS * 4, 6)
  return createHash('sha256').update(input).digest().subarray(0, SYNC_FINGERPRINT_BYTES)
}
