/** A table on disk: one file of float32, one of what is known of the rows. Whole or not there. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../base/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../detection/index.ts'
import type { Words } from '../training/index.ts'
import type { BehaviourTable } from './behaviour-table.ts'
import { DatasetError } from './errors.ts'

const FILE = { values: 'rows.f32', about: 'table.json' } as const
const FORMAT = 1

interface KeptWords {
  readonly codes: readonly number[]
  readonly names: readonly string[]
}

interface Kept {
  readonly format: number
  readonly rows: number
  readonly featureSetVersion: number
  readonly features: readonly string[]
  readonly labels: readonly number[]
  readonly weights: readonly number[]
  readonly atMs: readonly number[]
  readonly requests: readonly number[]
  readonly sources: KeptWords
  readonly sites: KeptWords
  readonly campaigns: KeptWords
  readonly classes: KeptWords
  readonly isSynthetic: boolean
}

const keepWords = ({ codes, names }: Words): KeptWords => ({ codes: [...codes], names })

/** What is known of the rows is written last: a folder that has it is whole. */
export async function saveTable(dir: string, table: BehaviourTable): Promise<void> {
  const kept: Kept = {
    format: FORMAT,
    ...{ rows: table.rows, isSynthetic: table.isSynthetic },
    featureSetVersion: table.featureSetVersion,
    features: FEATURES.map(({ name }) => name),
    labels: [...table.labels],
    weights: [...table.weights],
    atMs: [...table.atMs],
    requests: [...table.requests],
    sources: keepWords(table.sources),
    sites: keepWords(table.sites),
    campaigns: keepWords(table.campaigns),
    classes: keepWords(table.classes)
  }
  await mkdir(dir, { recursive: true })
  await writeWhole(join(dir, FILE.values), new Uint8Array(table.values.buffer))
  await writeWhole(join(dir, FILE.about), JSON.stringify(kept))
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.part`, content, { flush: true })
  await rename(`${path}.part`, path)
}

/** @throws {ROWS_INVALID} if there is none, it is torn, or its features are not those of this version */
export async function loadTable(dir: string): Promise<BehaviourTable> {
  let kept: Kept
  let bytes: Buffer
  try {
    kept = JSON.parse(await readFile(join(dir, FILE.about), 'utf8'))
    bytes = await readFile(join(dir, FILE.values))
  } catch (cause) {
    throw new DatasetError('ROWS_INVALID', `could not read rows in ${dir}: ${messageOf(cause)}`, {
      cause
    })
  }
  const isSame =
    kept.format === FORMAT &&
    kept.featureSetVersion === FEATURE_SET_VERSION &&
    kept.features.length === FEATURES.length &&
    kept.features.every((name, index) => name === FEATURES[index]?.name)
  if (!isSame) {
    throw new DatasetError(
      'ROWS_INVALID',
      `expected rows of the ${FEATURES.length} features of version ${FEATURE_SET_VERSION} in ${dir}, got ${kept.features?.length} of version ${kept.featureSetVersion}`
    )
  }
  const wanted = kept.rows * FEATURES.length * Float32Array.BYTES_PER_ELEMENT
  if (bytes.length !== wanted) {
    throw new DatasetError(
      'ROWS_INVALID',
      `expected ${wanted} bytes of rows in ${dir}, got ${bytes.length}`
    )
  }
  return {
    rows: kept.rows,
    featureSetVersion: kept.featureSetVersion,
    values: new Float32Array(new Uint8Array(bytes).buffer),
    labels: Int32Array.from(kept.labels),
    weights: Float64Array.from(kept.weights),
    atMs: Float64Array.from(kept.atMs),
    requests: Int32Array.from(kept.requests),
    sources: readWords(kept.sources),
    sites: readWords(kept.sites),
    campaigns: readWords(kept.campaigns),
    classes: readWords(kept.classes),
    isSynthetic: kept.isSynthetic
  }
}

function readWords({ codes, names }: KeptWords): Words {
  return { codes: Int32Array.from(codes), names }
}
