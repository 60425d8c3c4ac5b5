/** Protocol Buffers, as far as ONNX needs them for reading. Nothing that is read is believed: every length is held against what is there. */
import { ModelError } from '../errors.ts'

export const WIRE = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const

export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  /** Number of the field that `next` has come to. */
  field = 0
  wire = 0
  /** Of a varint. */
  value = 0
  /** Of a float. */
  float = 0
  /** Of a text, bytes or message: a view, not a copy. */
  bytes: Uint8Array = new Uint8Array(0)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Goes on to the next field; false at the end. @throws {ONNX_INVALID} */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false
    const key = this.varint()
    this.field = Math.floor(key / 8)
    this.wire = key % 8
    if (this.wire === WIRE.varint) this.value = this.varint()
    else if (this.wire === WIRE.length) this.bytes = this.#take(this.varint())
    else if (this.wire === WIRE.fixed32) {
      this.float = this.#view.getFloat32(this.#skip(4), true)
    } else if (this.wire === WIRE.fixed64) this.#skip(8)
    else throw invalid(`expected a known kind of field, got ${this.wire}`)
    return true
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes)
  }

  /** Two's complement of 64 bits; beyond 2^53 the lowest bits are lost, and no index is that large. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw invalid('expected a number, got the end of the file')
      // The tenth byte is the sign of a negative number.
      if (count === 9) return value - 2 ** 63
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw invalid('expected a number of at most ten bytes')
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  #skip(length: number): number {
    const at = this.#at
    if (length < 0 || length > this.#bytes.length - at) {
      throw invalid(`expected ${length} bytes, got ${this.#bytes.length - at}`)
    }
    this.#at += length
    return at
  }
}

/** Packed floats, little-endian. */
export function packedFloats(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw invalid('expected whole floats')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true))
}

function invalid(message: string): ModelError {
  return new ModelError('ONNX_INVALID', message)
}
