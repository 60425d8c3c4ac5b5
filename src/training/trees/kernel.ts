/**
 * The innermost loops of growing boosted trees, in WebAssembly: a row costs one load and four additions of two float64 for four
 * features at once. Plain JavaScript took about four times as long (bounds checks, one number at a time).
 * Sums run in the order of the rows, so the result does not depend on who computes it.
 */
import { type Code, op, repeat, unless, wasmModule } from './wasm-code.ts'

/** Features that share a word: a row's bins of four features stand in one 32-bit word. */
export const GROUP = 4
/** Bytes of a bin's sums: gradient and second derivative as float64. */
export const BIN_BYTES = 16
/** 4 GiB of address space, of which only what is used is ever taken. */
const PAGES_MAX = 65_536
const PAGE_BYTES = 65_536

export interface Kernel {
  /** For each of `count` rows (at least 1): adds its pair to the bin of each of the group's four histograms. */
  accumulate(
    bins: number,
    rows: number,
    pairs: number,
    count: number,
    first: number,
    second: number,
    third: number,
    fourth: number
  ): void
  /** Copies the pair of each of `count` rows to `to`, in the order of the rows. */
  gather(pairs: number, rows: number, to: number, count: number): void
  /** Takes the pairs at `less` off those at `from`; `bytes` in all, at `from`. */
  subtract(from: number, less: number, bytes: number): void
}

export interface KernelMemory {
  readonly buffer: SharedArrayBuffer
  grow(pages: number): number
}

/** Structured-cloneable. */
export type KernelModule = object

// Node has it, but its type declarations leave it to those of browsers.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (code: Uint8Array<ArrayBuffer>) => KernelModule
    Memory: new (size: { initial: number; maximum: number; shared: boolean }) => KernelMemory
    Instance: new (
      module: KernelModule,
      imports: { env: { memory: KernelMemory } }
    ) => { readonly exports: Kernel }
  }
}

const BINS = 0
const ROWS = 1
const PAIRS = 2
const COUNT = 3
const HISTOGRAM = 4
const WORD = 8
const ADDRESS = 9
const PAIR = 10

/** Adds PAIR to the bin that is named by byte `lane` of WORD. */
function addToLane(lane: number): Code {
  // The byte times BIN_BYTES: shifted so that no second shift is needed.
  const shift = lane * 8 - 4
  return [
    ...op.get(WORD),
    ...op.number(Math.abs(shift)),
    ...(shift < 0 ? op.shiftLeft : op.shiftRight),
    ...op.number(0xff0),
    ...op.and,
    ...op.get(HISTOGRAM + lane),
    ...op.add,
    ...op.tee(ADDRESS),
    ...op.get(ADDRESS),
    ...op.loadPair(),
    ...op.get(PAIR),
    ...op.addPair,
    ...op.storePair()
  ]
}

const step = (local: number, by: number): Code => [
  ...op.get(local),
  ...op.number(by),
  ...op.add,
  ...op.set(local)
]

/** COUNT becomes the end of `start`, each of whose items takes `shift` bits of bytes. */
const countToEnd = (start: number, shift: number, count: number): Code => [
  ...op.get(count),
  ...op.number(shift),
  ...op.shiftLeft,
  ...op.get(start),
  ...op.add,
  ...op.set(count)
]

const ACCUMULATE: Code = [
  ...countToEnd(ROWS, 2, COUNT),
  ...repeat([
    ...op.get(ROWS),
    ...op.load(),
    ...op.number(2),
    ...op.shiftLeft,
    ...op.get(BINS),
    ...op.add,
    ...op.load(),
    ...op.set(WORD),
    ...op.get(PAIRS),
    ...op.loadLow(),
    ...op.widen,
    ...op.set(PAIR),
    ...[0, 1, 2, 3].flatMap(addToLane),
    ...step(PAIRS, 8),
    ...step(ROWS, 4),
    ...op.get(ROWS),
    ...op.get(COUNT),
    ...op.isLess
  ])
]

const GATHER: Code = [
  ...countToEnd(1, 2, 3),
  ...repeat([
    ...op.get(2),
    ...op.get(1),
    ...op.load(),
    ...op.number(3),
    ...op.shiftLeft,
    ...op.get(0),
    ...op.add,
    ...op.load64(),
    ...op.store64(),
    ...step(2, 8),
    ...step(1, 4),
    ...op.get(1),
    ...op.get(3),
    ...op.isLess
  ])
]

const SUBTRACT: Code = [
  ...countToEnd(0, 0, 2),
  ...unless(
    [...op.get(2), ...op.get(0), 0x46],
    repeat([
      ...op.get(0),
      ...op.get(0),
      ...op.loadPair(),
      ...op.get(1),
      ...op.loadPair(),
      ...op.subtractPair,
      ...op.storePair(),
      ...step(1, 16),
      ...step(0, 16),
      ...op.get(0),
      ...op.get(2),
      ...op.isLess
    ])
  )
]

/** Compiled code that can be handed to other threads. */
export function compileKernel(): KernelModule {
  const functions = [
    { name: 'accumulate', parameters: 8, locals: [2, 1] as const, code: ACCUMULATE },
    { name: 'gather', parameters: 4, locals: [0, 0] as const, code: GATHER },
    { name: 'subtract', parameters: 3, locals: [0, 0] as const, code: SUBTRACT }
  ]
  return new WebAssembly.Module(wasmModule(functions, PAGES_MAX))
}

export function createKernelMemory(bytes: number): KernelMemory {
  const initial = Math.max(1, Math.ceil(bytes / PAGE_BYTES))
  return new WebAssembly.Memory({ initial, maximum: PAGES_MAX, shared: true })
}

export function bindKernel(module: KernelModule, memory: KernelMemory): Kernel {
  return new WebAssembly.Instance(module, { env: { memory } }).exports
}
