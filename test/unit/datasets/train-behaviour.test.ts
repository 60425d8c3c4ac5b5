/** A training of behaviour: the same bits whatever happens to it, ended when it is asked to, and refused where nothing can be learned. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { equal, is, match, ok } from 'uvu/assert'
import {
  type BehaviourTable,
  figuresBySource,
  joinTables,
  loadTable,
  saveTable,
  scoreMoments,
  selectMoments,
  type TrainBehaviourOptions,
  type TrainedBehaviour,
  thresholdsFrom,
  trainBehaviour
} from '../../../src/datasets/index.ts'
import { openPackage } from '../../../src/registry/index.ts'
import { makeBehaviour } from '../../support/behaviour.ts'
import { suite } from '../../support/suite.ts'

const test = suite('a training of behaviour', { timeoutMs: 120_000 })
const root = mkdtempSync(join(tmpdir(), 'netminder-behaviour-'))
test.after(() => rmSync(root, { recursive: true }))

const table = makeBehaviour({ abusers: 40, harmless: 80, campaigns: 6 })
const options: TrainBehaviourOptions = {
  package: {
    ...{ name: 'behaviour', version: '7', data: 'made up', codeVersion: '0.0.0' },
    createdAt: '2026-01-31T00:00:00.000Z'
  },
  params: {
    boosting: { trees: 12, maxDepth: 3, subsample: 0.8, columnSample: 0.5 },
    forest: { trees: 8, maxDepth: 5 },
    isolation: { trees: 8 }
  }
}

function hexOf({ files }: TrainedBehaviour): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])
  )
}

async function failure(work: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await work
  } catch (error) {
    ok(error instanceof Error)
    return error
  }
  throw new Error('expected a failure, got none')
}

test('gives a whole package that finds campaigns that it had not seen', async () => {
  const { files, report, parts } = await trainBehaviour(table, options)
  const { manifest } = openPackage(files)
  is(manifest.kind, 'forest-stack')
  is(manifest.task, 'behaviour')
  const { watch, throttle, ban } = report.thresholds
  ok(0 < watch && watch < throttle && throttle <= ban && ban < 1)
  equal(manifest.thresholds, { decision: throttle, watch, throttle, ban })
  equal(report.sources, { abuse: 40, benign: 80 })
  is(report.campaigns, 6)
  is(report.folds.length, 3)
  is(report.bySource[0]?.name, 'out-of-fold')
  ok((report.bySource[0]?.recall ?? 0) > 0.9, JSON.stringify(report.bySource[0]))
  ok((report.validation.auc ?? 0) > 0.95)
  const scores = scoreMoments(parts, table)
  ok(scores.every((score) => score >= 0 && score <= 1))
  ok(new TextDecoder().decode(files.get('MODEL_CARD.md')).includes('| A8 |'))
})

test('gives the same bits with any number of threads and in another thread, and others with another seed', async () => {
  const one = hexOf(await trainBehaviour(table, { ...options, threads: 1 }))
  equal(hexOf(await trainBehaviour(table, { ...options, threads: 3 })), one)
  const copy: { table: BehaviourTable; options: TrainBehaviourOptions } = deserialize(
    serialize({ table, options })
  )
  equal(hexOf(await trainBehaviour(copy.table, copy.options)), one)
  ok(
    hexOf(await trainBehaviour(table, { ...options, seed: 2 }))['boosting.onnx'] !==
      one['boosting.onnx']
  )
})

test('ends when it is asked to, and goes on from its checkpoint to the same bits', async () => {
  const whole = hexOf(await trainBehaviour(table, options))
  const checkpoint = join(root, 'checkpoint')
  for (const share of [0.1, 0.4, 0.6, 0.85]) {
    const controller = new AbortController()
    const reason = new Error(`ended at ${share}`)
    const error = await failure(
      trainBehaviour(table, {
        ...{ ...options, checkpoint, signal: controller.signal },
        onProgress: (_, done) => {
          if (done >= share) controller.abort(reason)
        }
      })
    )
    is(error, reason)
  }
  const kept = readdirSync(checkpoint)
  ok(kept.some((name) => name.endsWith('fold-0-boosting')))
  ok(!kept.some((name) => name.endsWith('all-isolation')))
  // A checkpoint that the disk has torn is no checkpoint.
  const torn = join(checkpoint, kept.find((name) => name.endsWith('fold-1-forest')) ?? '')
  const bytes = readFileSync(torn)
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 0x40
  writeFileSync(torn, bytes)
  let first = 1
  const onProgress = (stage: string, share: number) => {
    if (stage.startsWith('fold')) first = Math.min(first, share)
  }
  equal(hexOf(await trainBehaviour(table, { ...options, checkpoint, onProgress })), whole)
  // Another training finds nothing there.
  const other = await trainBehaviour(table, { ...options, checkpoint, seed: 3 })
  ok(hexOf(other)['boosting.onnx'] !== whole['boosting.onnx'])
})

test('tells how far it is: stages in their order, from 0 to 1', async () => {
  const seen: [string, number][] = []
  await trainBehaviour(table, {
    ...options,
    onProgress: (stage, share) => seen.push([stage, share])
  })
  is(seen[0]?.[1], 0)
  is(seen.at(-1)?.[1], 1)
  ok(seen.every(([, share], index) => share >= (seen[index - 1]?.[1] ?? 0)))
  equal([...new Set(seen.map(([stage]) => stage))].slice(0, 5), [
    ...['checking', 'fold 1 of 3', 'fold 2 of 3', 'fold 3 of 3', 'all rows']
  ])
})

test('refuses one class alone, and campaigns too few for the folds', async () => {
  const some = (label: number) =>
    selectMoments(
      table,
      Int32Array.from(table.labels.keys()).filter((row) => table.labels[row] === label)
    )
  for (const [label, word] of [
    [0, 'benign'],
    [1, 'abuse']
  ] as const) {
    const error = await failure(trainBehaviour(some(label), options))
    is(error.code, 'TABLE_REFUSED')
    match(error.message, new RegExp(`at least two classes, got "${word}" alone`))
  }
  const lone = makeBehaviour({ abusers: 20, harmless: 40, campaigns: 1 })
  const error = await failure(trainBehaviour(lone, options))
  is(error.code, 'TABLE_INVALID')
  match(error.message, /both classes outside each of 3 folds/)
})

test('refuses values that no feature can have', async () => {
  const values = table.values.slice()
  values[0] = -1e9
  const error = await failure(trainBehaviour({ ...table, values }, options))
  is(error.code, 'TABLE_REFUSED')
  match(error.message, /ranges: has values out of range/)
})

test('sets thresholds on other rows where it is given some, and measures on more', async () => {
  const validation = makeBehaviour({ abusers: 10, harmless: 40, campaigns: 3, seed: 5 })
  const { report, parts } = await trainBehaviour(table, {
    ...{ ...options, validation, budget: 0.01 },
    tests: [
      {
        name: 'elsewhere',
        table: makeBehaviour({ abusers: 5, harmless: 9, campaigns: 2, seed: 6 })
      }
    ]
  })
  equal(report.thresholds, thresholdsFrom(validation, scoreMoments(parts, validation), 0.01))
  equal(
    report.bySource.map(({ name }) => name),
    ['out-of-fold', 'validation', 'elsewhere']
  )
})

test('counts a source by its highest score, and what lies between watch and throttle as unsure', () => {
  const tiny = selectMoments(table, Int32Array.from([0, 1, 4, 5, 300, 301, 310]))
  const scores = Float64Array.from([0.1, 0.9, 0.3, 0.2, 0.1, 0.2, 0.8])
  const figures = figuresBySource(
    'x',
    { table: tiny, scores },
    { watch: 0.25, throttle: 0.6, ban: 0.85 }
  )
  is(figures.abuseSources, 2)
  is(figures.recall, 0.5)
  is(figures.falsePositives, 1)
  is(figures.falseBans, 0)
  is(figures.precision, 0.5)
  equal(figures.byClass['N1'], { sources: 2, flagged: 1, banned: 0, unsure: 0 })
  equal(figures.byClass['A9'], { sources: 1, flagged: 0, banned: 0, unsure: 1 })
})

test('keeps rows on disk to the last bit, and says what is wrong with those of others', async () => {
  const dir = join(root, 'rows')
  const nan = table.values.slice()
  nan[3] = Number.NaN
  const kept = { ...table, values: nan }
  await saveTable(dir, kept)
  const { values, ...about } = await loadTable(dir)
  is(Buffer.compare(Buffer.from(values.buffer), Buffer.from(nan.buffer)), 0)
  const { values: _, ...known } = kept
  equal(about, known)
  const twice = joinTables([kept, await loadTable(dir)])
  is(twice.rows, kept.rows * 2)
  const second = Int32Array.from({ length: kept.rows }, (_, row) => kept.rows + row)
  const again = selectMoments(twice, second)
  is(Buffer.compare(Buffer.from(again.values.buffer), Buffer.from(nan.buffer)), 0)
  equal(again.sources.codes, kept.sources.codes)
  writeFileSync(join(dir, 'rows.f32'), 'short')
  is((await failure(loadTable(dir))).code, 'ROWS_INVALID')
  is((await failure(loadTable(join(root, 'nowhere')))).code, 'ROWS_INVALID')
})
