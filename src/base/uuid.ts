/** UUIDs of version 7 (RFC 9562 §5.7): 48 bits of time, then random bits; they sort by creation. */

/** @param random 10 random bytes */
export function uuidV7(atMs: number, random: Uint8Array): string {
  const hex = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0').slice(-12)
  const bytes = [...random.subarray(0, 10)]
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80
  const tail = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`
}
