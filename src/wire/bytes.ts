/** Byte strings: joined, compared, and set in order. */
import { hash } from 'node:crypto'

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  const input = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
  return new Uint8Array(hash('sha256', input, 'buffer'))
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Unsigned LEB128 (multiformats' unsigned varint). */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** Eight bytes, most significant first. */
export function uint64Bytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
