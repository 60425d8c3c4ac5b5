/**
 * How well the default policy tells abuse from use on the generator's test regions, beside every baseline; docs/DETECTION_EXPERIMENT.md.
 *
 *   npm run experiment:detection -- [--seeds 5] [--seed 1] [--hours 2] [--days DIR] [--model DIR | --retrain] [--zero-day [--zero-day-seeds 5]]
 *                                   [--oracle] [--recording DIR] [--quick] [--workers 2] [--out FILE.md]
 *
 * NDJSON on stdout; `--days DIR` keeps days and what came of them, so that a run that was ended goes on from there.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { SystemClock } from '../src/base/index.ts'
import type { Day } from './experiment/detection/figures.ts'
import { type Findings, linesOf } from './experiment/detection/lines.ts'
import { Models } from './experiment/detection/models.ts'
import { type ExperimentOptions, readOptions } from './experiment/detection/options.ts'
import { runOracle } from './experiment/detection/oracle.ts'
import { Plan } from './experiment/detection/plan.ts'
import { runRecording } from './experiment/detection/recording.ts'
import { renderReport } from './experiment/detection/render-report.ts'
import { resultsOf } from './experiment/detection/results.ts'
import { runDays } from './experiment/detection/run-jobs.ts'
import { runSeed } from './experiment/detection/run-seed.ts'
import { runZeroDay } from './experiment/detection/zero-day.ts'
import { GENERATOR_VERSION } from './traffic/output/manifest.ts'

const USAGE_EXIT = 64
const clock = new SystemClock()
const startMs = clock.monotonicMs()

function say(text: string): void {
  const minutes = (clock.monotonicMs() - startMs) / 60_000
  process.stderr.write(`${minutes.toFixed(1)} min  ${text}\n`)
}

async function run(options: ExperimentOptions, root: string): Promise<void> {
  const { seeds, hours, workers, modelDir } = options
  const plan = new Plan(root)
  const models = new Models({ plan, hours, workers, say })
  say(`seeds ${seeds.join(', ')}, ${hours} h a day, in ${root}`)
  const found: { seed: number; days: Readonly<Record<string, readonly Day[]>> }[] = []
  for (const seed of seeds) {
    const own = modelDir ?? (await models.trainFor(seed))
    found.push({ seed, days: await runSeed(seed, { plan, hours, workers, modelDir: own, say }) })
    const recall = resultsOf(found.slice(-1)).summary['recall']?.mean
    say(`seed ${seed}: recall ${recall?.toFixed(4)}`)
  }
  let findings: Findings = { results: resultsOf(found) }
  const add = async (more: Partial<Findings>) => {
    findings = { ...findings, ...more }
    // After each part: what is known stands there even if the rest is not waited for.
    const { out } = options
    if (out !== undefined) await writeFile(out, renderReport(factsOf(options, findings), findings))
  }
  await add({})
  if (options.isOracle) await add({ oracle: await askOracle(options, plan) })
  if (options.recording !== undefined) {
    const rows = await models.smallRows()
    const { recording: dir } = options
    await add({ recording: await runRecording({ dir, plan, workers, say, ...rows }) })
  }
  if (options.zeroDaySeeds.length > 0) {
    const { trainWithout } = models
    const zeroDay = { plan, seeds: options.zeroDaySeeds, hours, workers, say, trainWithout }
    await add({ zeroDay: await runZeroDay(zeroDay) })
  }
  for (const line of linesOf(findings)) process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function askOracle({ seeds, hours, workers }: ExperimentOptions, plan: Plan) {
  const days = seeds.map((seed) => plan.daysOf('test', seed, { hours }))
  await runDays(
    days.flat().map((day) => plan.jobOf(day, { rows: plan.rowsDir(day) })),
    { workers, onDone: (_, left) => say(`oracle: rows of ${left} days to make`) }
  )
  const places = days.map((own) =>
    own.map((day) => ({ rows: plan.rowsDir(day), sessions: plan.sessionFile(day) }))
  )
  return runOracle(places, say)
}

/** The command names what the findings hold. */
function factsOf(options: ExperimentOptions, { zeroDay, oracle, recording }: Findings) {
  const { seeds, hours, modelDir, zeroDaySeeds } = options
  const words = [
    `--seeds ${seeds.length}`,
    `--hours ${hours}`,
    ...(modelDir === undefined ? ['--retrain'] : []),
    ...(zeroDay === undefined ? [] : ['--zero-day', `--zero-day-seeds ${zeroDaySeeds.length}`]),
    ...(oracle === undefined ? [] : ['--oracle']),
    ...(recording === undefined ? [] : ['--recording DIR'])
  ]
  return {
    ...{ seeds, hours, generatorVersion: GENERATOR_VERSION },
    model:
      modelDir === undefined
        ? 'trained for each seed on its own days of the training region'
        : `\`${basename(dirname(modelDir))}@${basename(modelDir)}\``,
    command: `npm run experiment:detection -- ${words.join(' ')}`
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  const root = options.days ?? (await mkdtemp(join(tmpdir(), 'netminder-experiment-')))
  await run(options, root)
  if (options.days === undefined) await rm(root, { recursive: true })
} catch (error) {
  if (!(error instanceof TypeError)) throw error
  process.stderr.write(`experiment:detection: ${error.message}\n`)
  process.exitCode = USAGE_EXIT
}
