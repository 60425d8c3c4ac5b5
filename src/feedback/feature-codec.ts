/**
 * Rows of features in little room. Most values of a row are zero, not known, or small whole numbers: two bits say which, and
 * only the others are written as float32. What comes out is what went in. Two bytes in front say how many values there are.
 */
import { FeedbackError } from './errors.ts'

const ZERO = 0
const UNKNOWN = 1
/** A whole number from 1 to 255, in one byte. */
const SMALL = 2
const FLOAT = 3
const FLOAT_BYTES = 4
const KINDS_A_BYTE = 4
const COUNT_BYTES = 2

/** @param values at most 65 535 */
export function packRow(values: Float32Array): Uint8Array {
  const head = COUNT_BYTES + Math.ceil(values.length / KINDS_A_BYTE)
  const packed = new Uint8Array(head + values.length * FLOAT_BYTES)
  const view = new DataView(packed.buffer)
  view.setUint16(0, values.length, true)
  let at = head
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    const kind = kindOf(value)
    const place = COUNT_BYTES + Math.floor(i / KINDS_A_BYTE)
    packed[place] = (packed[place] ?? 0) | (kind << ((i % KINDS_A_BYTE) * 2))
    if (kind === SMALL) packed[at++] = value
    if (kind === FLOAT) {
      view.setFloat32(at, value, true)
      at += FLOAT_BYTES
    }
  }
  return packed.slice(0, at)
}

/** @throws {ROW_DAMAGED} if it is no packed row */
export function unpackRow(packed: Uint8Array): Float32Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  try {
    const values = new Float32Array(view.getUint16(0, true))
    const end = readValues(view, values)
    if (end === packed.length) return values
  } catch (cause) {
    throw damaged(packed, cause)
  }
  throw damaged(packed, undefined)
}

/** @returns where the row ends */
function readValues(view: DataView, into: Float32Array): number {
  let at = COUNT_BYTES + Math.ceil(into.length / KINDS_A_BYTE)
  for (let i = 0; i < into.length; i++) {
    const kinds = view.getUint8(COUNT_BYTES + Math.floor(i / KINDS_A_BYTE))
    const kind = (kinds >> ((i % KINDS_A_BYTE) * 2)) & 3
    if (kind === UNKNOWN) into[i] = Number.NaN
    if (kind === SMALL) into[i] = view.getUint8(at++)
    if (kind === FLOAT) {
      into[i] = view.getFloat32(at, true)
      at += FLOAT_BYTES
    }
  }
  return at
}

function kindOf(value: number): number {
  if (Object.is(value, 0)) return ZERO
  if (Number.isNaN(value)) return UNKNOWN
  return Number.isInteger(value) && value >= 1 && value <= 255 ? SMALL : FLOAT
}

function damaged(packed: Uint8Array, cause: unknown): FeedbackError {
  const message = `expected a packed row of features, got ${packed.length} bytes that are none`
  return new FeedbackError('ROW_DAMAGED', message, { cause })
}
