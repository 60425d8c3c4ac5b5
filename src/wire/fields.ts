/** Checks that fields of many messages share. Each says with a code what is wrong; none of them repeats what the peer wrote. */
import { DecodeError, type DecodeErrorCode, expectThat } from './errors.ts'
import { TIME_MS_MAX } from './limits.ts'

/**
 * Runs a generated decoder. Whatever it throws is the fault of the bytes: it has no state and no I/O.
 *
 * @throws {MALFORMED | LIMIT_EXCEEDED}
 */
export function parse<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    const code: DecodeErrorCode =
      error instanceof Error && error.name === 'MaxLengthError' ? 'LIMIT_EXCEEDED' : 'MALFORMED'
    throw new DecodeError(code, `expected a well-formed message, got ${faultOf(error)}`, {
      cause: error
    })
  }
}

function faultOf(error: unknown): string {
  // Nested groups of the peer's making end the stack of the reader; their number does not matter.
  if (!(error instanceof Error)) return 'something else'
  return error instanceof RangeError ? 'an end too early, or nesting too deep' : error.message
}

/** @throws {DecodeError} of the code */
export function checkLength(
  bytes: Uint8Array,
  expected: number,
  field: string,
  code: DecodeErrorCode = 'FIELD_INVALID'
): Uint8Array {
  expectThat(bytes.length === expected, code, `expected ${field} of ${expected} bytes`, {
    field,
    length: bytes.length
  })
  return bytes
}

/** @throws {FIELD_INVALID} */
export function checkRange(value: number, [min, max]: readonly [number, number], field: string) {
  expectThat(
    Number.isInteger(value) && value >= min && value <= max,
    'FIELD_INVALID',
    `expected ${field} from ${min} to ${max}, got ${value}`,
    { field, value }
  )
  return value
}

/** @throws {LIMIT_EXCEEDED | FIELD_INVALID} */
export function checkCount(
  items: { readonly length: number },
  [min, max]: readonly [number, number],
  field: string
): void {
  const context = { field, count: items.length }
  expectThat(items.length <= max, 'LIMIT_EXCEEDED', `expected at most ${max} ${field}`, context)
  expectThat(items.length >= min, 'FIELD_INVALID', `expected at least ${min} ${field}`, context)
}

/** A time as a number: what fits no date is refused before it can lose digits. @throws {TIME_INVALID} */
export function readTime(value: bigint, field: string): number {
  expectThat(
    value > 0n && value <= BigInt(TIME_MS_MAX),
    'TIME_INVALID',
    `expected ${field} between 1970 and 2100`,
    { field }
  )
  return Number(value)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/**
 * Controls, format characters (bidirectional overrides among them), private use, line and paragraph separators. Unassigned
 * characters are let through: what is unassigned differs with the version of Unicode, and so would the nodes.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u

/** @throws {TEXT_INVALID} */
export function readText(bytes: Uint8Array, bytesMax: number, field: string): string {
  const context = { field, length: bytes.length }
  expectThat(
    bytes.length <= bytesMax,
    'TEXT_INVALID',
    `expected ${field} of at most ${bytesMax} bytes`,
    context
  )
  let text: string
  try {
    text = UTF8.decode(bytes)
  } catch (error) {
    throw new DecodeError('TEXT_INVALID', `expected ${field} in UTF-8`, { context, cause: error })
  }
  expectThat(
    text === text.normalize('NFC') && !UNPRINTABLE.test(text),
    'TEXT_INVALID',
    `expected ${field} in normal form C, without control or format characters`,
    context
  )
  return text
}

export function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** What generated encoders ask for; copies only what lies in shared memory, which is nothing here. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes)
}
