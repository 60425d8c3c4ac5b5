/** Reads the one tensor that a model takes: rows of features, nested or flat. */
import { RowReader, type ServedModel } from '../../runtime/index.ts'
import type { OperationInput } from '../contract/contract.ts'
import { apiError } from '../errors.ts'

export type InferRequest = OperationInput<'inferModel'>['body']

const NUMERIC = new Set([
  ...['UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'],
  ...['FP16', 'FP32', 'FP64']
])
const ROWS_MAX = 10_000

/** @throws {REQUEST_INVALID} */
export function readTensor(
  model: ServedModel,
  { inputs }: InferRequest
): { readonly rows: Float32Array<ArrayBuffer>; readonly count: number } {
  const [input] = inputs
  const reader = new RowReader(model)
  const { width } = reader
  if (input === undefined || inputs.length !== 1 || input.name !== 'features') {
    throw refusal(`expected one input "features", got ${inputs.map(({ name }) => name).join(', ')}`)
  }
  if (!NUMERIC.has(input.datatype)) {
    throw refusal(`expected numbers (FP32), got ${input.datatype}`)
  }
  const [count = 0, columns] = input.shape
  if (input.shape.length !== 2 || columns !== width || count < 1 || count > ROWS_MAX) {
    throw refusal(
      `expected the shape [n, ${width}] with n from 1 to ${ROWS_MAX}, got [${input.shape.join(', ')}]`
    )
  }
  const cells: unknown[] = input.data.flat(1)
  if (cells.length !== count * width) {
    throw refusal(
      `expected ${count * width} elements for the shape [${count}, ${width}], got ${cells.length}`
    )
  }
  const rows = new Float32Array(count * width)
  for (let row = 0; row < count; row++) {
    const given = cells.slice(row * width, (row + 1) * width)
    const [fault] = reader.read(given, rows, row * width)
    if (fault !== undefined) throw refusal(`row ${row}${fault.pointer}: ${fault.detail}`)
  }
  return { rows, count }
}

function refusal(message: string) {
  return apiError('REQUEST_INVALID', message)
}
