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

  /** Packed; millions of them. */
  numbers(field: number, values: ArrayLike<number>): this {
    let length = 0
    for (let i = 0; i < values.length; i++) length += varintLength(values[i] as number)
    const bytes = new Uint8Array(length)
    let at = 0
    for (let i = 0; i < values.length; i++) at = putVarint(bytes, at, values[i] as number)
    return this.bytes(field, bytes)
  }

  /** One after the other: the same few words, millions of times. */
  texts(field: number, values: readonly string[]): this {
    const written = new Map<string, Uint8Array>()
    const partOf = (value: string) => {
      const known = written.get(value)
      if (known !== undefined) return known
      const part = new ProtobufWriter().text(field, value).finish()
      written.set(value, part)
      return part
    }
    const bytes = new Uint8Array(values.reduce((sum, value) => sum + partOf(value).length, 0))
    let at = 0
    for (const value of values) {
      const part = partOf(value)
      bytes.set(part, at)
      at += part.length
    }
    return this.#add(bytes)
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

function varintLength(value: number): number {
  if (value < 0) return 10
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}

/** @returns where the next one goes */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes.set(varint(value), at)
    return at + 10
  }
  let rest = value
  let to = at
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[to++] = (rest & 0x7f) | 0x80
  bytes[to++] = rest
  return to
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
