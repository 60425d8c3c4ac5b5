/**
 * Trains the model that is shipped, from generated keyserver days alone, and writes its package. The same seed gives the same files
 * on one machine.
 *
 *   npm run train:base -- [--days DIR] [--out DIR] [--seeds N] [--hours H] [--seed N] [--checkpoint DIR]
 *   npm run generate       # writes its hashes into models/SHA256SUMS, without which no node loads it
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { SystemClock } from '../src/base/index.ts'
import { programVersion } from '../src/config/index.ts'
import {
  type BehaviourTable,
  joinTables,
  loadTable,
  trainBehaviour
} from '../src/datasets/index.ts'
import { writePackage } from '../src/registry/index.ts'
import { makeDays } from './base-model/make-days.ts'
import type { Region } from './traffic/regions.ts'

const OPTIONS = {
  days: { type: 'string' },
  out: { type: 'string', default: 'models/behaviour/1' },
  seeds: { type: 'string', default: '5' },
  hours: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  checkpoint: { type: 'string' }
} as const

/** Of each region other days. */
const FIRST_SEED: Readonly<Record<Region, number>> = { train: 1, validation: 21, test: 31 }
/**
 * A keyserver that has just begun to be watched knows nothing of what is usual, and recordings are short: for each day there are two
 * of half an hour, with seeds of their own.
 */
const SHORT_HOURS = 0.5
const SHORT_DAYS = 2
const SHORT_SEEDS_FROM = 100
/** The same files whenever it is made. */
const CREATED_AT = '1970-01-01T00:00:00.000Z'

const { values } = parseArgs({ options: OPTIONS })
const clock = new SystemClock()
const startMs = clock.monotonicMs()
const dir = values.days ?? (await mkdtemp(join(tmpdir(), 'netminder-days-')))
const seed = Number(values.seed)
const hours = Number(values.hours)

function say(text: string): void {
  process.stderr.write(`${((clock.monotonicMs() - startMs) / 1_000).toFixed(0)} s  ${text}\n`)
}

async function regionTable(region: Region, days: number): Promise<BehaviourTable> {
  const seedsFrom = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => first + index)
  const seeds = seedsFrom(FIRST_SEED[region], days)
  const shortSeeds = seedsFrom(SHORT_SEEDS_FROM + FIRST_SEED[region], days * SHORT_DAYS)
  const folders = [
    ...(await makeDays({ dir, region, seeds, hours, onDay: say })),
    ...(await makeDays({ dir, region, seeds: shortSeeds, hours: SHORT_HOURS, onDay: say }))
  ]
  return joinTables(await Promise.all(folders.map(loadTable)))
}

/** Each stage once. */
function progressTeller(): (stage: string, share: number) => void {
  let told = ''
  return (stage, share) => {
    if (stage !== told) say(`${stage} (${(share * 100).toFixed(0)} %)`)
    told = stage
  }
}

say(`seed ${seed}, ${values.seeds} training days of each scenario, ${hours} hours each, in ${dir}`)
const train = await regionTable('train', Number(values.seeds))
const validation = await regionTable('validation', 1)
const test = await regionTable('test', 1)
say(`${train.rows} rows to train on, ${validation.rows} to set thresholds, ${test.rows} to test`)
const { files, report } = await trainBehaviour(train, {
  package: {
    name: 'behaviour',
    // The folder of a package is called as its version.
    version: basename(values.out),
    data: `generated keyserver days, region train, seeds ${FIRST_SEED.train}–${FIRST_SEED.train + Number(values.seeds) - 1}, ${hours} h, and ${SHORT_DAYS} of ${SHORT_HOURS} h for each`,
    codeVersion: programVersion(),
    createdAt: CREATED_AT
  },
  ...{ seed, validation, tests: [{ name: 'test', table: test }] },
  checkpoint: values.checkpoint,
  onProgress: progressTeller()
})
await writePackage(values.out, files)
for (const figures of report.bySource) process.stdout.write(`${JSON.stringify(figures)}\n`)
say(`written to ${values.out}`)
