import { TrainingError } from '../errors.ts'
import type { ColumnTable, LabelledTable } from './column-table.ts'
import type { Targets } from './gradients.ts'

/** @throws {TABLE_INVALID} */
export function checkColumns(table: ColumnTable): void {
  const { rows, features, columns } = table
  if (rows < 1 || features.length < 1) throw invalid('expected at least one row and one feature')
  if (columns.length !== features.length) {
    throw invalid(`expected ${features.length} columns, got ${columns.length}`)
  }
  for (const [index, values] of columns.entries()) {
    if (values.length === rows) continue
    const name = features[index]?.name ?? String(index)
    throw invalid(`expected ${rows} values of ${name}, got ${values.length}`)
  }
}

/**
 * Labels and the weight of every row, the weight of its class included.
 *
 * @throws {TABLE_INVALID}
 */
export function weighRows(
  table: LabelledTable,
  classWeights: readonly number[] | 'balanced' | undefined
): Targets {
  const { rows, labels, classes } = table
  if (labels.length !== rows) throw invalid(`expected ${rows} labels, got ${labels.length}`)
  const weights = new Float64Array(rows).fill(1)
  if (table.weights !== undefined) {
    if (table.weights.length !== rows) {
      throw invalid(`expected ${rows} weights, got ${table.weights.length}`)
    }
    weights.set(table.weights)
  }
  const ofClass = new Float64Array(classes)
  for (let row = 0; row < rows; row++) {
    const label = labels[row] as number
    const weight = weights[row] as number
    if (!(label >= 0 && label < classes)) {
      throw invalid(`expected labels from 0 to ${classes - 1}, got ${label}`)
    }
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw invalid(`expected weights that are finite and not negative, got ${weight}`)
    }
    ofClass[label] = (ofClass[label] as number) + weight
  }
  const present = ofClass.filter((weight) => weight > 0).length
  if (present < 2) throw invalid('expected rows of at least two classes, got one')
  const factors = classFactors(ofClass, classWeights)
  for (let row = 0; row < rows; row++) {
    weights[row] = (weights[row] as number) * (factors[labels[row] as number] as number)
  }
  return { labels, weights }
}

function classFactors(
  ofClass: Float64Array,
  classWeights: readonly number[] | 'balanced' | undefined
): Float64Array {
  if (classWeights === undefined) return new Float64Array(ofClass.length).fill(1)
  if (classWeights === 'balanced') {
    const total = ofClass.reduce((sum, weight) => sum + weight, 0)
    return ofClass.map((weight) => (weight > 0 ? total / (ofClass.length * weight) : 1))
  }
  if (classWeights.length !== ofClass.length || !classWeights.every((weight) => weight >= 0)) {
    throw new TrainingError(
      'OPTION_INVALID',
      `expected ${ofClass.length} class weights that are not negative, got ${classWeights.join(', ')}`,
      { context: { option: 'classWeights' } }
    )
  }
  return Float64Array.from(classWeights)
}

/** Share of the weight that each class has. */
export function classShares({ labels, weights }: Targets, classes: number): Float64Array {
  const shares = new Float64Array(classes)
  let total = 0
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number
    shares[label] = (shares[label] as number) + (weights[row] as number)
    total += weights[row] as number
  }
  return shares.map((weight) => weight / total)
}

function invalid(message: string): TrainingError {
  return new TrainingError('TABLE_INVALID', message)
}
