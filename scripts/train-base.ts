/**
 * Trains the model that is shipped, from generated keyserver days alone, and writes its package. The same seed gives the same files
 * on one machine.
 *
 *   npm run train:base -- [--days DIR] [--out DIR] [--seeds N] [--hours H] [--seed N]
 */
import { createHash } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SystemClock } from '../src/base/index.ts'
import { programVersion } from '../src/config/index.ts'
import { FEATURE_SET_VERSION } from '../src/detection/index.ts'
import { buildPackage, writePackage } from '../src/registry/index.ts'
import { cardOf } from './base-model/card.ts'
import { loadDay } from './base-model/day-rows.ts'
import { MONOTONE } from './base-model/feature-choices.ts'
import { figuresOf, type RegionFigures, thresholdsFrom } from './base-model/figures.ts'
import { makeDays } from './base-model/make-days.ts'
import { FEATURE_SPECS, type RowTable, tableOf } from './base-model/row-table.ts'
import { CLASSES, partsOf, scoreStack, trainStack } from './base-model/train-stack.ts'
import type { Region } from './traffic/regions.ts'

const OPTIONS = {
  days: { type: 'string' },
  out: { type: 'string', default: 'models/behaviour/1' },
  seeds: { type: 'string', default: '3' },
  hours: { type: 'string', default: '3' },
  seed: { type: 'string', default: '1' }
} as const

/** Of each region other days. */
const FIRST_SEED: Readonly<Record<Region, number>> = { train: 1, validation: 21, test: 31 }
const GOLDEN_ROWS = 64

const { values } = parseArgs({ options: OPTIONS })
const clock = new SystemClock()
const startMs = clock.monotonicMs()
const dir = values.days ?? (await mkdtemp(join(tmpdir(), 'netminder-days-')))
const seed = Number(values.seed)
const hours = Number(values.hours)

function say(text: string): void {
  process.stderr.write(`${((clock.monotonicMs() - startMs) / 1_000).toFixed(0)} s  ${text}\n`)
}

async function regionTable(region: Region, days: number): Promise<RowTable> {
  const seeds = Array.from({ length: days }, (_, index) => FIRST_SEED[region] + index)
  const folders = await makeDays({ dir, region, seeds, hours, onDay: say })
  return tableOf(await Promise.all(folders.map(loadDay)))
}

say(`seed ${seed}, ${values.seeds} training days of each scenario, ${hours} hours each, in ${dir}`)
const train = await regionTable('train', Number(values.seeds))
const validation = await regionTable('validation', 1)
const test = await regionTable('test', 1)
say(`${train.rows} rows to train on, ${validation.rows} to set thresholds, ${test.rows} to test`)
const model = await trainStack(train, {
  boosting: {
    ...{ trees: 150, learningRate: 0.1, maxDepth: 6, minChildWeight: 1 },
    ...{ subsample: 0.8, columnSample: 0.5 },
    monotone: MONOTONE
  },
  forest: { trees: 40, maxDepth: 12, minLeaf: 6 },
  isolation: { trees: 64 },
  folds: 3,
  seed,
  onStep: say
})
const thresholds = thresholdsFrom(validation, scoreStack(model, validation))
const regions: readonly RegionFigures[] = [
  figuresOf('validation', validation, scoreStack(model, validation), thresholds),
  figuresOf('test', test, scoreStack(model, test), thresholds)
]
const files = buildPackage({
  manifest: {
    name: 'behaviour',
    version: '1',
    kind: 'forest-stack',
    task: 'behaviour',
    featureSetVersion: FEATURE_SET_VERSION,
    features: [...FEATURE_SPECS].map((spec) =>
      spec.kind === 'category' ? { ...spec, categories: [...spec.categories] } : spec
    ),
    classes: [...CLASSES],
    thresholds: { decision: thresholds.throttle, ...thresholds },
    data: {
      name: `generated keyserver days, region train, seeds ${FIRST_SEED.train}–${FIRST_SEED.train + Number(values.seeds) - 1}, ${hours} h`,
      rows: train.rows,
      sha256: createHash('sha256').update(new Uint8Array(train.rowMajor.buffer)).digest('hex'),
      synthetic: true
    },
    codeVersion: programVersion(),
    seed,
    metrics: { regions: regions.map((figures) => ({ ...figures })) },
    lineage: { parent: null, created_at: '1970-01-01T00:00:00.000Z', job: null }
  },
  parts: partsOf(model, thresholds.throttle),
  goldenRows: goldenRowsOf(train),
  card: cardOf({ regions, thresholds, rows: train.rows, seed, hours })
})
await writePackage(values.out, files)
for (const figures of regions) process.stdout.write(`${JSON.stringify(figures)}\n`)
say(`written to ${values.out}`)

/** Spread over the whole table, so that both classes and every scenario are there. */
function goldenRowsOf(table: RowTable): Float32Array {
  const width = table.features.length
  const rows = new Float32Array(GOLDEN_ROWS * width)
  for (let i = 0; i < GOLDEN_ROWS; i++) {
    const row = Math.floor((i * table.rows) / GOLDEN_ROWS)
    rows.set(table.rowMajor.subarray(row * width, (row + 1) * width), i * width)
  }
  return rows
}
