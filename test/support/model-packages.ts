/** Small packages of models, as files and as tar. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { buildPackage, type PackageFiles, type Signer, writeTar } from '../../src/registry/index.ts'
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
