/** Calibration from scores of rows that the model had not seen, and what it is worth, measured on rows that it has not seen either. */
import { mixSeed } from '../../base/index.ts'
import { applyIsotonic, type CalibrationStep } from '../../runtime/index.ts'
import { fitIsotonic } from '../calibration/isotonic.ts'
import { fitTemperature } from '../calibration/temperature.ts'
import { expectedCalibrationError } from '../metrics/probability.ts'
import { rowsWhere } from '../table/select.ts'

export type Calibration = 'none' | 'temperature' | 'isotonic'

const SMALLEST = 1e-15

/** @param scores probabilities, one a row for two classes or one for each class */
export function fitCalibration(
  kind: Calibration,
  scores: Float64Array,
  labels: Int32Array
): CalibrationStep[] {
  if (kind === 'none') return []
  if (kind === 'isotonic') return [{ kind, ...fitIsotonic(scores, labels) }]
  return [{ kind, temperature: fitTemperature(marginsOf(scores, labels.length), labels) }]
}

/** Learned on one half of the rows, measured on the other, and the other way round. */
export function calibrationError(
  kind: Calibration,
  scores: Float64Array,
  labels: Int32Array
): number {
  const width = scores.length / labels.length
  // Drawn: files are often in an order that parity would follow.
  const halves = [0, 1].map((half) => rowsWhere(labels.length, (row) => mixSeed(row) % 2 === half))
  let total = 0
  for (const [index, rows] of halves.entries()) {
    const others = halves[1 - index] ?? rows
    const steps = fitCalibration(kind, pick(scores, others, width), pickLabels(labels, others))
    const own = pick(scores, rows, width)
    for (const step of steps) applyTo(step, own, width)
    total += expectedCalibrationError(own, pickLabels(labels, rows)) / 2
  }
  return total
}

function applyTo(step: CalibrationStep, scores: Float64Array, width: number): void {
  if (step.kind === 'isotonic') {
    for (const [row, score] of scores.entries()) scores[row] = applyIsotonic(step, score)
    return
  }
  const margins = marginsOf(scores, scores.length / width)
  for (let row = 0; row < scores.length / width; row++) {
    let sum = width === 1 ? 1 : 0
    for (let k = 0; k < width; k++) {
      const power = Math.exp((margins[row * width + k] as number) / step.temperature)
      scores[row * width + k] = power
      sum += power
    }
    for (let k = 0; k < width; k++) {
      scores[row * width + k] = (scores[row * width + k] as number) / sum
    }
  }
}

function marginsOf(scores: Float64Array, rows: number): Float64Array {
  const clipped = (p: number) => Math.min(1 - SMALLEST, Math.max(SMALLEST, p))
  return scores.length === rows
    ? scores.map((p) => Math.log(clipped(p) / (1 - clipped(p))))
    : scores.map((p) => Math.log(clipped(p)))
}

function pick(scores: Float64Array, rows: Int32Array, width: number): Float64Array {
  const picked = new Float64Array(rows.length * width)
  for (const [index, row] of rows.entries()) {
    picked.set(scores.subarray(row * width, (row + 1) * width), index * width)
  }
  return picked
}

function pickLabels(labels: Int32Array, rows: Int32Array): Int32Array {
  return Int32Array.from(rows, (row) => labels[row] as number)
}
