/** A stack over a table: what it is made of, that held-out rows stay held out, and what is asked of its params. */
import { equal, is, match, ok } from 'uvu/assert'
import { encodeForest, ModelScorer } from '../../../src/runtime/index.ts'
import { TrainingError } from '../../../src/training/errors.ts'
import {
  groupedFolds,
  type LabelledTable,
  rowMajor,
  type StackModelRequest,
  type TrainEvent,
  trainStack,
  trainStackModel
} from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('a stack', { timeoutMs: 60_000 })
const table = makeTable({ rows: 500, numbers: 4, categories: [4] })
const params = {
  boosting: { trees: 10, maxDepth: 3 },
  forest: { trees: 6, maxDepth: 6 },
  isolation: { trees: 6 }
}

async function train(request: Partial<StackModelRequest> = {}) {
  const events: TrainEvent[] = []
  const outcome = await trainStackModel(
    { ...{ table, classNames: ['no', 'yes'], params, seed: 1, folds: 4 }, ...request },
    {
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
      onProgress: () => undefined
    }
  )
  return { ...outcome, events }
}

const bytesOf = ({ parts }: Awaited<ReturnType<typeof train>>) =>
  parts.members.map(({ forest }) => Buffer.from(encodeForest(forest)).toString('base64'))

async function refusal(work: Promise<unknown>): Promise<TrainingError> {
  try {
    await work
  } catch (error) {
    ok(error instanceof TrainingError, String(error))
    return error
  }
  throw new Error('expected a refusal, got none')
}

test('is three forests under one judge, calibrated, and tells of checks, folds and features', async () => {
  const { parts, report, events, ranges } = await train()
  equal(
    parts.members.map(({ input }) => input),
    ['margin', 'log-odds', 'score']
  )
  is(parts.logistic?.weights.length, 3)
  ok(parts.logistic?.weights.every((weight) => weight >= 0))
  equal(
    parts.calibration.map(({ kind }) => kind),
    ['isotonic']
  )
  is(report.model, 'stack')
  is(events.filter(({ type }) => type === 'fold').length, 4)
  is(events.filter(({ type }) => type === 'feature').length, 5)
  is(ranges.length, 5)
  ok((report.validation.auc ?? 0) > 0.8)
  ok((report.gap.auc ?? 0) > 0)
  const out = new Float64Array(1)
  new ModelScorer(parts).score(rowMajor(table), 0, out)
  ok((out[0] ?? -1) >= 0 && (out[0] ?? 2) <= 1)
})

test('gives the same report and the same forests for the same seed', async () => {
  const [one, two, other] = [await train(), await train(), await train({ seed: 2 })]
  equal(one.report, two.report)
  equal(bytesOf(one), bytesOf(two))
  equal(one.parts.logistic, two.parts.logistic)
  ok(one.parts.logistic?.intercept !== other.parts.logistic?.intercept)
})

test('learns nothing of a fold from that fold: labels that are noise stay noise', async () => {
  const noise: LabelledTable = {
    ...table,
    labels: table.labels.map((_, row) => (Math.imul(row + 1, 2_654_435_761) >>> 17) % 2)
  }
  const foldOf = groupedFolds({ ...noise, groups: Array.from(noise.labels.keys(), String) }, 4, 1)
  const { folds } = await trainStack({ table: noise, foldOf, folds: 4, params, seed: 1 })
  for (const { validation, training } of folds) {
    ok(Math.abs((validation.auc ?? 0) - 0.5) < 0.15, `AUC ${validation.auc}`)
    ok((training.auc ?? 0) > 0.7, `AUC ${training.auc} of its own rows`)
  }
})

test('keeps a budget of false positives on rows that were held out', async () => {
  const { parts } = await train({ falsePositiveRateMax: 0.01 })
  ok(parts.threshold > 0.5)
})

for (const { name, request, sentence } of [
  {
    name: 'params that belong to no member',
    request: { params: { trees: 10 } },
    sentence: /by member \(boosting, forest, isolation\).*got "trees"/
  },
  {
    name: 'params that a member does not know',
    request: { params: { forest: { learningRates: 1 } } },
    sentence: /got "learningRates"/
  },
  {
    name: 'params that are no object',
    request: { params: { boosting: 3 } },
    sentence: /an object as params of boosting/
  },
  {
    name: 'early stopping',
    request: { params: { boosting: { earlyStoppingRounds: 5 } } },
    sentence: /no earlyStoppingRounds/
  },
  {
    name: 'more than two classes',
    request: {
      classNames: ['a', 'b', 'c'],
      table: { ...table, labels: table.labels.map((_, row) => row % 3), classes: 3 }
    },
    sentence: /two classes for a stack, got 3/
  }
] as const) {
  test(`refuses ${name}`, async () => {
    match((await refusal(train(request))).message, sentence)
  })
}
