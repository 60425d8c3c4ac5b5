/** Arithmetic of edwards25519 as RFC 8032 §5.1 writes it: slow and plain, to make signatures that no library would make. */
import { createHash } from 'node:crypto'

export const P = 2n ** 255n - 19n
export const L = 2n ** 252n + 27742317777372353535851937790883648493n

export interface Point {
  readonly x: bigint
  readonly y: bigint
}

export function mod(value: bigint, modulus = P): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}

const inverse = (value: bigint) => power(value, P - 2n)
const D = mod(-121665n * inverse(121666n))
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n)

export const NEUTRAL: Point = { x: 0n, y: 1n }
export const BASE: Point = pointOf(mod(4n * inverse(5n)), 0n) ?? NEUTRAL

/** The point with this y and sign of x, if there is one. */
export function pointOf(y: bigint, sign: bigint): Point | undefined {
  const u = mod(y * y - 1n)
  const v = mod(D * y * y + 1n)
  const ratio = mod(u * inverse(v))
  let x = power(ratio, (P + 3n) / 8n)
  if (mod(x * x) !== ratio) x = mod(x * SQRT_MINUS_1)
  if (mod(x * x) !== ratio) return undefined
  return { x: (x & 1n) === sign ? x : mod(-x), y: mod(y) }
}

export function add(a: Point, b: Point): Point {
  const product = mod(D * a.x * b.x * a.y * b.y)
  return {
    x: mod((a.x * b.y + b.x * a.y) * inverse(1n + product)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - product))
  }
}

export function multiply(scalar: bigint, point: Point): Point {
  let result = NEUTRAL
  let doubled = point
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, doubled)
    doubled = add(doubled, doubled)
  }
  return result
}

export function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n))
}

export function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

export function encode({ x, y }: Point): Uint8Array {
  return bytesOf(y | ((x & 1n) << 255n))
}

/** H(R ‖ A ‖ M) modulo L. */
export function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  const digest = createHash('sha512').update(r).update(a).update(message).digest()
  return mod(numberOf(digest), L)
}

/** All points whose order divides 8: multiples of one of order 8, which is L times a point that is in no subgroup. */
export function smallOrderPoints(): readonly Point[] {
  for (let y = 2n; ; y++) {
    const point = pointOf(y, 0n)
    if (point === undefined) continue
    const torsion = multiply(L, point)
    if (multiply(4n, torsion).y === 1n) continue
    return Array.from({ length: 8 }, (_, i) => multiply(BigInt(i), torsion))
  }
}
