/** Protocol Buffers, as far as ONNX needs them for writing: https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0
const LENGTH = 2
const FIXED_32 = 5

export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** Whole numbers from -2^31; negative ones take ten bytes, as the encoding has it. */
  number(field: number, value: number): this {
    return this.#add(varint(field * 8 + VARINT), varint(value))
  }

  float(field: number, value: number): this {
    return this.#add(varint(field * 8 + FIXED_32), littleEndian(Float32Array.of(value)))
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint(field * 8 + LENGTH), varint(value.length), value)
  }

  message(field: number, fill: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter()
    fill(inner)
    return this.bytes(field, inner.finish())
  }

  /** Packed. */
  floats(field: number, values: ArrayLike<number>): this {
    return this.bytes(field, littleEndian(Float32Array.from(values)))
  }

  /** Packed. */
  numbers(field: number, values: ArrayLike<number>): this {
    const inner = new ProtobufWriter()
    inner.#add(...Array.from(values, varint))
    return this.bytes(field, inner.finish())
  }

  #add(...parts: readonly Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part)
      this.#length += part.length
    }
    return this
  }

  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }
}

function varint(value: number): Uint8Array {
  if (value >= 0 && value < 0x80) return Uint8Array.of(value)
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) view.setFloat32(index * 4, value, true)
  return bytes
}
