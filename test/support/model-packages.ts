/** Small packages of models, as files and as tar. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { integerBelow, seededRandom } from '../../src/base/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../../src/detection/index.ts'
import {
  buildPackage,
  type PackageFiles,
  type TaskFit,
  writeTar
} from '../../src/registry/index.ts'
import type { FeatureSpec } from '../../src/runtime/index.ts'
import { type LabelledTable, rowMajor, trainBoosting } from '../../src/training/index.ts'
import type { Signer } from '../../src/wire/index.ts'
import { boostedModel, MODEL_ROWS, MODEL_TABLE, MODEL_WIDTH } from './served-models.ts'

const GOLDEN_ROWS = 24
const DIGEST = 'ab'.repeat(32)

export interface PackageOptions {
  readonly trees?: number
  readonly task?: string
  readonly signer?: Signer
  readonly thresholds?: { readonly watch: number; readonly throttle: number; readonly ban: number }
}

export function smallPackage(version: string, options: PackageOptions = {}): PackageFiles {
  const { parts } = boostedModel(version, options.trees)
  return buildPackage({
    parts,
    goldenRows: MODEL_ROWS.slice(0, GOLDEN_ROWS * MODEL_WIDTH),
    card: `# small ${version}\n`,
    signer: options.signer,
    manifest: {
      name: 'small',
      version,
      kind: 'boosting',
      task: options.task ?? 'behaviour',
      featureSetVersion: 1,
      features: MODEL_TABLE.features.map((feature) =>
        feature.kind === 'numeric'
          ? { name: feature.name, kind: 'numeric' }
          : { name: feature.name, kind: 'category', categories: [...feature.categories] }
      ),
      classes: ['benign', 'abuse'],
      thresholds: options.thresholds ?? { watch: 0.5, throttle: 0.7, ban: 0.9 },
      data: { name: 'made up', rows: MODEL_TABLE.rows, sha256: DIGEST, synthetic: true },
      codeVersion: '0.0.0',
      seed: 1,
      metrics: { auc: 0.93 },
      lineage: { parent: null, created_at: '2026-03-01T12:00:00Z', job: null }
    }
  })
}

const SAMPLE_TABLE = sampleTable()

/** A model of few features with plain names, which the examples of the API's contract ask about. */
export function samplePackage(version: string, trees = 4): PackageFiles {
  const forest = trainBoosting(SAMPLE_TABLE, { trees, maxDepth: 3, seed: 1 })
  return buildPackage({
    parts: {
      classes: ['benign', 'abuse'],
      members: [{ forest, input: 'margin' }],
      calibration: [],
      threshold: 0.5
    },
    goldenRows: rowMajor(SAMPLE_TABLE).slice(0, GOLDEN_ROWS * SAMPLE_TABLE.features.length),
    card: `# sample ${version}\n`,
    manifest: {
      ...{ name: 'sample', version, kind: 'boosting', task: 'behaviour', featureSetVersion: 1 },
      features: [
        { name: 'requests', kind: 'numeric' },
        { name: 'upload_share', kind: 'numeric' },
        { name: 'agent', kind: 'category', categories: ['none', 'gpg', 'browser'] },
        { name: 'rule_score', kind: 'numeric' }
      ],
      classes: ['benign', 'abuse'],
      thresholds: { watch: 0.5, throttle: 0.7, ban: 0.9 },
      data: { name: 'made up', rows: SAMPLE_TABLE.rows, sha256: DIGEST, synthetic: true },
      ...{ codeVersion: '0.0.0', seed: 1, metrics: { auc: 0.91 } },
      lineage: { parent: null, created_at: '2026-03-01T12:00:00Z', job: null }
    }
  })
}

export const SAMPLE_FIT: TaskFit = {
  featureSetVersion: 1,
  features: SAMPLE_TABLE.features.map(({ name }) => name),
  ranges: [[0, 1e9], [0, 1], undefined, [0, 1]]
}

/** Who uploads much is an abuser; gpg never is. */
function sampleTable(): LabelledTable {
  const rows = 200
  const random = seededRandom(3)
  const requests = Float32Array.from({ length: rows }, () => 1 + integerBelow(random, 60))
  const uploads = Float32Array.from({ length: rows }, () => random.next())
  const agents = Int32Array.from({ length: rows }, () => integerBelow(random, 3))
  const rules = Float32Array.from({ length: rows }, () => random.next())
  const labels = Int32Array.from({ length: rows }, (_, row) =>
    Number((uploads[row] ?? 0) > 0.6 && agents[row] !== 1)
  )
  return {
    ...{ rows, labels, classes: 2, columns: [requests, uploads, agents, rules] },
    features: [
      { name: 'requests', kind: 'numeric' },
      { name: 'upload_share', kind: 'numeric' },
      { name: 'agent', kind: 'category', categories: ['none', 'gpg', 'browser'] },
      { name: 'rule_score', kind: 'numeric' }
    ]
  }
}

/** A model of the features that a node computes, so that it may become champion there; what it learnt is made up. */
export function behaviourPackage(
  version: string,
  trees = 3,
  thresholds: PackageOptions['thresholds'] = { watch: 0.5, throttle: 0.7, ban: 0.9 }
): PackageFiles {
  const random = seededRandom(5)
  const rows = 120
  const features = FEATURES.map(
    ({ name, categories }): FeatureSpec =>
      categories === undefined
        ? { name, kind: 'numeric' }
        : { name, kind: 'category', categories: [...categories] }
  )
  const columns = FEATURES.map(({ categories, range: [least, greatest] }) =>
    categories === undefined
      ? Float32Array.from(
          { length: rows },
          () => least + random.next() * (Math.min(greatest, least + 100) - least)
        )
      : Int32Array.from({ length: rows }, () => integerBelow(random, categories.length))
  )
  const labels = Int32Array.from({ length: rows }, () => integerBelow(random, 2))
  const table = { rows, features, columns, labels, classes: 2 }
  const forest = trainBoosting(table, { trees, maxDepth: 3, seed: 1 })
  return buildPackage({
    parts: {
      ...{ classes: ['benign', 'abuse'], calibration: [], threshold: 0.5 },
      members: [{ forest, input: 'margin' }]
    },
    goldenRows: rowMajor(table).slice(0, GOLDEN_ROWS * features.length),
    card: `# made-up ${version}\n`,
    manifest: {
      ...{ name: 'made-up', version, kind: 'boosting', task: 'behaviour' },
      featureSetVersion: FEATURE_SET_VERSION,
      features: features.map((feature) =>
        feature.kind === 'numeric'
          ? { name: feature.name, kind: 'numeric' }
          : { name: feature.name, kind: 'category', categories: [...feature.categories] }
      ),
      classes: ['benign', 'abuse'],
      thresholds,
      data: { name: 'made up', rows, sha256: DIGEST, synthetic: true },
      ...{ codeVersion: '0.0.0', seed: 1, metrics: { auc: 0.5 } },
      lineage: { parent: null, created_at: '2026-03-01T12:00:00Z', job: null }
    }
  })
}

/** A key of its own for each call. */
export function makeSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { publicKey: raw, sign: (bytes) => sign(null, bytes, privateKey) }
}

export async function tarOf(files: PackageFiles): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeTar(files)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** In pieces of a size that fits no block of a tar. */
export async function* inPieces(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
