/** Reads numbers from the bytes of a cell, to the last bit as `Number` reads them from its text. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => 10 ** power)
/** Below this a whole number, and its quotient by a power of ten that is exact, are rounded once: correctly. */
const EXACT = 2 ** 53
const SPACE = 0x20
const TAB = 0x09
const ZERO = 0x30
const DOT = 0x2e

/** @returns the number, or undefined if the cell is none, or one that needs a closer look */
export function cellNumber(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start
  let to = end
  while (at < to && isBlank(bytes[at])) at++
  while (to > at && isBlank(bytes[to - 1])) to--
  const isNegative = bytes[at] === 0x2d
  if (isNegative || bytes[at] === 0x2b) at++
  let mantissa = 0
  let digits = 0
  let decimals = -1
  for (; at < to; at++) {
    const byte = bytes[at] as number
    if (byte === DOT && decimals < 0) {
      decimals = 0
      continue
    }
    const digit = byte - ZERO
    if (!(digit >= 0 && digit <= 9)) return undefined
    mantissa = mantissa * 10 + digit
    digits++
    if (decimals >= 0) decimals++
  }
  if (digits === 0 || mantissa >= EXACT || decimals > 22) return undefined
  const value = decimals > 0 ? mantissa / (POWERS_OF_TEN[decimals] as number) : mantissa
  return isNegative ? -value : value
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}
