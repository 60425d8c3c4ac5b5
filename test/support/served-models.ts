/** Small models as the runner serves them. */

import type { ServedModel } from '../../src/runtime/index.ts'
import {
  rowMajor,
  trainBoosting,
  trainIsolationForest,
  trainRandomForest
} from '../../src/training/index.ts'
import { makeTable } from './forests.ts'

export const MODEL_TABLE = makeTable({ rows: 400, numbers: 3, categories: [3], seed: 7 })
export const MODEL_ROWS = rowMajor(MODEL_TABLE)
export const MODEL_WIDTH = MODEL_TABLE.features.length

const VERDICTS = [
  { verdict: 'watch', from: 0.5 },
  { verdict: 'throttle', from: 0.7 },
  { verdict: 'ban', from: 0.9 }
]

/** Boosting alone; another number of trees gives other scores. */
export function boostedModel(version: string, trees = 8): ServedModel {
  const forest = trainBoosting(MODEL_TABLE, { trees, maxDepth: 3, seed: 1 })
  return {
    id: `small@${version}`,
    task: 'behaviour',
    parts: {
      classes: ['benign', 'abuse'],
      members: [{ forest, input: 'score' }],
      calibration: [],
      threshold: 0.5
    },
    verdicts: VERDICTS,
    ranges: [[-100, 100]]
  }
}

/** Boosting, random forest and isolation forest under a logistic stack with a temperature. */
export async function stackedModel(version: string): Promise<ServedModel> {
  const options = { trees: 6, maxDepth: 3, seed: 2 }
  return {
    ...boostedModel(version),
    id: `stack@${version}`,
    parts: {
      classes: ['benign', 'abuse'],
      members: [
        { forest: trainBoosting(MODEL_TABLE, options), input: 'margin' },
        { forest: await trainRandomForest(MODEL_TABLE, { trees: 6, seed: 2 }), input: 'log-odds' },
        { forest: trainIsolationForest(MODEL_TABLE, { trees: 6, seed: 2 }), input: 'score' }
      ],
      logistic: { intercept: -0.7, weights: Float64Array.from([0.9, 0.4, 1.1]) },
      calibration: [{ kind: 'temperature', temperature: 1.3 }],
      threshold: 0.5
    }
  }
}

export function modelRow(row: number): Float32Array<ArrayBuffer> {
  return MODEL_ROWS.slice(row * MODEL_WIDTH, (row + 1) * MODEL_WIDTH)
}

/** The row as a caller writes it: words for categories, null for what is missing. */
export function namedRow(row: number): Record<string, number | string | null> {
  const cells = modelRow(row)
  return Object.fromEntries(
    MODEL_TABLE.features.map((feature, index) => {
      const value = cells[index] ?? Number.NaN
      if (Number.isNaN(value)) return [feature.name, null]
      if (feature.kind === 'numeric') return [feature.name, value]
      return [feature.name, feature.categories[value] ?? null]
    })
  )
}
