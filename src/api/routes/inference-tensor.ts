/** Reads the one tensor that a model takes: rows of features, nested or flat, of whatever type of number the caller has. */
import { featuresOf, rowReaderOf, type ServedModel } from '../../runtime/index.ts'
import type { OperationInput } from '../contract/contract.ts'
import { apiError } from '../errors.ts'

export type InferRequest = OperationInput<'inferModel'>['body']
type Tensor = InferRequest['inputs'][number]

const ROWS_MAX = 10_000
const FLOATS: ReadonlySet<string> = new Set(['FP16', 'FP32', 'FP64'])
/** Least and greatest value; of 64 bits, as much as JSON's numbers hold: beyond them a number would not be the one that was sent. */
const INTEGERS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['UINT8', [0, 0xff]],
  ['UINT16', [0, 0xffff]],
  ['UINT32', [0, 0xffffffff]],
  ['UINT64', [0, Number.MAX_SAFE_INTEGER]],
  ['INT8', [-0x80, 0x7f]],
  ['INT16', [-0x8000, 0x7fff]],
  ['INT32', [-0x80000000, 0x7fffffff]],
  ['INT64', [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]]
])
/** What JavaScript and JSON would round may be sent as text. */
const IS_WIDE = /64$/
const WHOLE = /^-?\d{1,16}$/

/** @throws {REQUEST_INVALID} */
export function readTensor(
  model: ServedModel,
  { inputs }: InferRequest
): { readonly rows: Float32Array<ArrayBuffer>; readonly count: number } {
  const [input] = inputs
  const reader = rowReaderOf(model)
  const { width } = reader
  if (input === undefined || inputs.length !== 1 || input.name !== 'features') {
    throw refusal(`expected one input "features", got ${inputs.map(({ name }) => name).join(', ')}`)
  }
  const [count = 0, columns] = input.shape
  if (input.shape.length !== 2 || columns !== width || count < 1 || count > ROWS_MAX) {
    throw refusal(
      `expected the shape [n, ${width}] with n from 1 to ${ROWS_MAX}, got [${input.shape.join(', ')}]`
    )
  }
  const cells = cellsOf(input, { count, width })
  const numberOf = readerOf(input.datatype)
  const features = featuresOf(model)
  const given: (number | null)[] = new Array(width).fill(null)
  const rows = new Float32Array(count * width)
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < width; column++) {
      const cell = cells[row * width + column]
      const value = cell === null ? null : numberOf(cell)
      if (value === undefined) {
        const got = JSON.stringify(cell).slice(0, 40)
        const expected = `expected ${input.datatype} or null, got ${got}`
        throw refusal(`row ${row}, ${features[column]?.name}: ${expected}`)
      }
      given[column] = value
    }
    const [fault] = reader.read(given, rows, row * width)
    if (fault !== undefined) {
      const name = features[Number(fault.pointer.slice(1))]?.name
      throw refusal(`row ${row}, ${name}: ${fault.detail}`)
    }
  }
  return { rows, count }
}

/** The elements one after the other; of nested data every row must have its length. */
function cellsOf(
  { data, shape }: Tensor,
  { count, width }: { readonly count: number; readonly width: number }
): readonly unknown[] {
  const wanted = `${count * width} elements for the shape [${shape.join(', ')}]`
  if (!data.some(Array.isArray)) {
    if (data.length === count * width) return data
    throw refusal(`expected ${wanted}, got ${data.length}`)
  }
  const odd = data.findIndex((row) => !Array.isArray(row) || row.length !== width)
  if (data.length === count && odd < 0) return data.flat(1)
  const got = odd < 0 ? `${data.length} rows` : `another length than ${width} in row ${odd}`
  throw refusal(`expected ${wanted}, got ${got}`)
}

/** Undefined for what is no value of the datatype. */
function readerOf(datatype: string): (cell: unknown) => number | undefined {
  if (FLOATS.has(datatype)) return (cell) => (typeof cell === 'number' ? cell : undefined)
  const range = INTEGERS.get(datatype)
  if (range === undefined) throw refusal(`expected numbers (FP32), got ${datatype}`)
  const [least, greatest] = range
  return (cell) => {
    const isText = typeof cell === 'string' && IS_WIDE.test(datatype) && WHOLE.test(cell)
    const value = isText ? Number(cell) : cell
    if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
    return value >= least && value <= greatest ? value : undefined
  }
}

function refusal(message: string) {
  return apiError('REQUEST_INVALID', message)
}
