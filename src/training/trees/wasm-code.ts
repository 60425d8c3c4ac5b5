/**
 * A few words of WebAssembly's binary format (WebAssembly Core Specification 2.0, chapter 5): enough to write short loops over
 * memory by hand, so that no compiler is needed to build netminder.
 */
const I32 = 0x7f
const FUNCTION_TYPE = 0x60
const BLOCK_WITHOUT_RESULT = 0x40

export type Code = readonly number[]

export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
    bytes.push(isLast ? low : low | 0x80)
    if (isLast) return bytes
  }
}

const memoryArgument = (align: number, offset: number) => [align, ...unsigned(offset)]
const simd = (code: number) => [0xfd, ...unsigned(code)]

export const op = {
  get: (local: number) => [0x20, ...unsigned(local)],
  set: (local: number) => [0x21, ...unsigned(local)],
  tee: (local: number) => [0x22, ...unsigned(local)],
  number: (value: number) => [0x41, ...signed(value)],
  add: [0x6a],
  and: [0x71],
  shiftLeft: [0x74],
  shiftRight: [0x76],
  isLess: [0x49],
  load: (offset = 0) => [0x28, ...memoryArgument(2, offset)],
  load64: (offset = 0) => [0x29, ...memoryArgument(2, offset)],
  store64: (offset = 0) => [0x37, ...memoryArgument(2, offset)],
  loadPair: (offset = 0) => [...simd(0), ...memoryArgument(3, offset)],
  storePair: (offset = 0) => [...simd(11), ...memoryArgument(3, offset)],
  /** Two float32 from memory; the upper half is zero. */
  loadLow: (offset = 0) => [...simd(93), ...memoryArgument(2, offset)],
  /** Two float32 to two float64. */
  widen: simd(95),
  addPair: simd(240),
  subtractPair: simd(241)
} as const

/** Runs the body again and again as long as the condition that the body ends with holds. */
export function repeat(body: Code): Code {
  return [0x03, BLOCK_WITHOUT_RESULT, ...body, 0x0d, 0, 0x0b]
}

/** Runs the body unless the condition before it holds. */
export function unless(condition: Code, body: Code): Code {
  return [0x02, BLOCK_WITHOUT_RESULT, ...condition, 0x0d, 0, ...body, 0x0b]
}

export interface WasmFunction {
  readonly name: string
  /** All parameters are i32, and nothing is returned. */
  readonly parameters: number
  /** Further i32 locals, and after them v128 locals. */
  readonly locals: readonly [number, number]
  readonly code: Code
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

const text = (value: string) => vector([...new TextEncoder().encode(value)].map((byte) => [byte]))

/** A module that takes a shared memory as `env.memory` and exports the functions. */
export function wasmModule(
  functions: readonly WasmFunction[],
  pagesMax: number
): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    FUNCTION_TYPE,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    0
  ])
  const memory = [...text('env'), ...text('memory'), 0x02, 0x03, 1, ...unsigned(pagesMax)]
  const bodies = functions.map(({ locals: [words, pairs], code }) => {
    const body = [
      ...vector([
        [...unsigned(words), I32],
        [...unsigned(pairs), 0x7b]
      ]),
      ...code,
      0x0b
    ]
    return [...unsigned(body.length), ...body]
  })
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(
      7,
      vector(functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]))
    ),
    ...section(10, vector(bodies))
  ])
}
