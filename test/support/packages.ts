/** Small packages of each kind, as files. */
import {
  buildPackage,
  type PackageDraft,
  type PackageFiles,
  type PackageKind
} from '../../src/registry/index.ts'
import { type ModelParts, THRESHOLD_DEFAULT } from '../../src/runtime/index.ts'
import {
  rowMajor,
  trainBoosting,
  trainIsolationForest,
  trainRandomForest
} from '../../src/training/index.ts'
import { makeTable } from './forests.ts'

const table = makeTable({ rows: 300, numbers: 3, categories: [5] })
const boosting = trainBoosting(table, { trees: 8, maxDepth: 3 })
const forest = await trainRandomForest(table, { trees: 6 })
const isolation = trainIsolationForest(table, { trees: 6 })
const classes = ['benign', 'abuse']

export const PARTS: Readonly<Record<PackageKind, ModelParts>> = {
  boosting: {
    classes,
    members: [{ forest: boosting, input: 'score' }],
    calibration: [{ kind: 'temperature', temperature: 1.5 }],
    threshold: THRESHOLD_DEFAULT
  },
  'random-forest': {
    classes,
    members: [{ forest, input: 'score' }],
    calibration: [],
    threshold: THRESHOLD_DEFAULT
  },
  'isolation-forest': {
    classes,
    members: [{ forest: isolation, input: 'score' }],
    calibration: [],
    threshold: 0.6
  },
  'forest-stack': {
    classes,
    members: [
      { forest: boosting, input: 'margin' },
      { forest, input: 'log-odds' },
      { forest: isolation, input: 'score' }
    ],
    logistic: { intercept: -0.5, weights: Float64Array.of(0.6, 0.4, 0.2) },
    calibration: [{ kind: 'isotonic', x: Float64Array.of(0.1, 0.9), y: Float64Array.of(0, 1) }],
    threshold: 0.5
  }
}

export const ROWS = rowMajor(table)
export const WIDTH = table.features.length

export function draftOf(kind: PackageKind): PackageDraft {
  const parts = PARTS[kind]
  return {
    manifest: {
      name: 'sample',
      version: '1.0.0',
      kind,
      task: 'table',
      featureSetVersion: null,
      features: table.features.map((spec) =>
        spec.kind === 'category' ? { ...spec, categories: [...spec.categories] } : spec
      ),
      classes: [...classes],
      thresholds: { decision: parts.threshold },
      data: { name: 'sample.csv', rows: 300, sha256: 'a'.repeat(64), synthetic: true },
      codeVersion: '0.1.0',
      seed: 1,
      metrics: {},
      lineage: { parent: null, created_at: '2026-11-25T00:00:00.000Z', job: null }
    },
    parts,
    goldenRows: ROWS.slice(0, 24 * WIDTH),
    card: '# sample\n'
  }
}

export function samplePackage(kind: PackageKind = 'boosting'): PackageFiles {
  return buildPackage(draftOf(kind))
}
