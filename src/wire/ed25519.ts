/**
 * Which encodings of Ed25519 keys and signatures are taken at all. RFC 8032 leaves room in which implementations differ:
 * behind this check they accept and reject the same (test/property/wire/ed25519.test.ts). Verification itself is a port.
 */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { assert } from '../base/index.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from './limits.ts'
import type { Signer } from './ports.ts'

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))

/** p = 2^255 − 19 (RFC 8032 §5.1) */
const PRIME = 2n ** 255n - 19n
const PRIME_BYTES = littleEndian(PRIME)
/** L, the order of the base point (RFC 8032 §5.1) */
const ORDER_BYTES = littleEndian(2n ** 252n + 27742317777372353535851937790883648493n)

/** y of a point of order 8; the other one is its negative. */
const ORDER_8_Y = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n
/** y of the points whose order divides 8. Either sign of x belongs to such a point or to none. */
const SMALL_ORDER_Y = [0n, 1n, PRIME - 1n, ORDER_8_Y, PRIME - ORDER_8_Y].map(littleEndian)

/**
 * 32 bytes that encode y < p and no point of small order. Whether a point with this y exists is for verification to find:
 * it costs as much as a good part of it, and no signature verifies under a key that is no point.
 */
export function isWellFormedKey(bytes: Uint8Array): boolean {
  return bytes.length === KEY_BYTES && isWellFormedPoint(bytes, 0)
}

/** 64 bytes: R as strict as a key, and S < L (RFC 8032 §5.1.7), without which anybody can make a second signature from a first. */
export function isWellFormedSignature(bytes: Uint8Array): boolean {
  return (
    bytes.length === SIGNATURE_BYTES &&
    isWellFormedPoint(bytes, 0) &&
    isBelow(bytes, 32, ORDER_BYTES, 0xff)
  )
}

function isWellFormedPoint(bytes: Uint8Array, at: number): boolean {
  return isBelow(bytes, at, PRIME_BYTES, 0x7f) && !SMALL_ORDER_Y.some((y) => isSameY(bytes, at, y))
}

/** Compares little-endian numbers of 32 bytes; `topMask` leaves the sign of x out. */
function isBelow(bytes: Uint8Array, at: number, limit: Uint8Array, topMask: number): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = (bytes[at + i] ?? 0) & (i === 31 ? topMask : 0xff)
    const bound = limit[i] ?? 0
    if (byte !== bound) return byte < bound
  }
  return false
}

function isSameY(bytes: Uint8Array, at: number, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[at + i] !== y[i]) return false
  return ((bytes[at + 31] ?? 0) & 0x7f) === y[31]
}

/** RFC 8410: what stands before the 32 bytes in DER. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Signs with the key of a 32-byte seed (RFC 8032 §5.1.5). */
export function signerFromSeed(seed: Uint8Array): Signer {
  assert(seed.length === KEY_BYTES, 'expected a seed of 32 bytes', { length: seed.length })
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8'
  })
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(der.subarray(-KEY_BYTES)),
    sign: (data) => new Uint8Array(sign(null, data, key))
  }
}
