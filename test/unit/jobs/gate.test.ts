/** The gate: both are asked the same, each check can fail by itself, and a source counts once. */
import { equal, is, match, ok } from 'uvu/assert'
import { type GateInputs, judgeAtGate } from '../../../src/jobs/worker/gate.ts'
import type { Forest, ModelParts } from '../../../src/runtime/index.ts'
import { type LabelledTable, trainBoosting } from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('the gate of a training')
const seen = makeTable({ rows: 900, numbers: 4, categories: [3], seed: 5 })
const held = makeTable({ rows: 700, numbers: 4, categories: [3], seed: 6 })
const good = trainBoosting(seen, { trees: 60, maxDepth: 3, seed: 1 })
const poor = trainBoosting(seen, { trees: 1, maxDepth: 1, seed: 1 })
const NO_GAP = { accuracy: 0, auc: 0, log_loss: 0 }

function partsOf(forest: Forest, threshold = 0.5): ModelParts {
  const members = [{ forest, input: 'score' as const }]
  return { classes: ['no', 'yes'], members, calibration: [], threshold }
}

function judge(fields: Partial<GateInputs> = {}) {
  return judgeAtGate({
    held,
    classOf: (row) => `c${held.labels[row]}`,
    keptTogether: 'rows',
    candidate: { id: 'new@1', parts: partsOf(good) },
    champion: { id: 'old@1', parts: partsOf(good) },
    gap: NO_GAP,
    ...fields
  })
}

const failed = (gate: ReturnType<typeof judge>) =>
  gate.checks.filter(({ passed }) => !passed).map(({ check }) => check)

test('a model that is as good as the champion passes, and both figures stand beside each other', () => {
  const gate = judge()
  equal(failed(gate), [])
  is(gate.passed, true)
  equal({ ...gate.candidate, model: '' }, { ...gate.champion, model: '' })
  is((gate.candidate.by_class['c0']?.count ?? 0) + (gate.candidate.by_class['c1']?.count ?? 0), 700)
})

test('a worse one fails for its quality; the other way round it passes', () => {
  const worse = judge({ candidate: { id: 'new@1', parts: partsOf(poor) } })
  ok(failed(worse).includes('quality'))
  is(worse.passed, false)
  ok(!failed(judge({ champion: { id: 'old@1', parts: partsOf(poor) } })).includes('quality'))
})

test('more false positives than the champion fail, though the order of the scores is the same', () => {
  const gate = judge({ candidate: { id: 'new@1', parts: partsOf(good, 0.05) } })
  is(gate.candidate.auc, gate.champion?.auc)
  ok((gate.candidate.false_positive_rate ?? 0) > (gate.champion?.false_positive_rate ?? 1))
  ok(failed(gate).includes('quality'))
})

test('what is much better on its own rows than on others fails', () => {
  equal(failed(judge({ gap: { ...NO_GAP, auc: 0.11 } })), ['gap'])
  equal(failed(judge({ gap: { ...NO_GAP, auc: 0.1 } })), [])
})

test('scores that are no probabilities fail', () => {
  const gate = judge({
    champion: undefined,
    candidate: {
      id: 'new@1',
      parts: { ...partsOf(good), calibration: [{ kind: 'temperature', temperature: 20 }] }
    }
  })
  equal(failed(gate), ['calibration'])
})

test('of too few rows nothing is said', () => {
  const few = { ...held, rows: 30, columns: held.columns.map((own) => own.slice(0, 30)) }
  const table: LabelledTable = { ...few, labels: held.labels.slice(0, 30) }
  ok(failed(judge({ held: table })).includes('rows'))
})

test('a class that is judged worse than by the champion is named, as finely as classes are known', () => {
  const classOf = (row: number) => (held.labels[row] === 1 ? 'A8' : 'N1')
  const gate = judge({ classOf, candidate: { id: 'new@1', parts: partsOf(good, 0.99) } })
  ok(failed(gate).includes('classes'), JSON.stringify(gate))
  match(gate.checks.find(({ check }) => check === 'classes')?.sentence ?? '', /A8 .* after /)
})

test('a champion that reads other features, or knows other classes, is not compared with', () => {
  const strange = makeTable({ rows: 200, numbers: 2, categories: [9], seed: 7 })
  const forest = trainBoosting(strange, { trees: 3, seed: 1 })
  for (const parts of [partsOf(forest), { ...partsOf(good), classes: ['ja', 'nein'] }]) {
    const gate = judge({ champion: { id: 'old@1', parts } })
    is(gate.champion, null)
    match(gate.checks[1]?.sentence ?? '', /no champion to compare it with/)
  }
})

test('a champion that knows the columns in another order is asked about the right ones', () => {
  const order = [...seen.features.keys()].reverse()
  const turned = (of: LabelledTable): LabelledTable => ({
    ...of,
    features: order.flatMap((index) => of.features[index] ?? []),
    columns: order.flatMap((index) => of.columns[index] ?? [])
  })
  const forest = trainBoosting(turned(seen), { trees: 60, maxDepth: 3, seed: 1 })
  const gate = judge({ champion: { id: 'old@1', parts: partsOf(forest) } })
  ok(Math.abs((gate.champion?.auc ?? 0) - (gate.candidate.auc ?? 1)) < 0.02)
})

test('a source counts once, by its highest score', () => {
  const gate = judge({ sourceOf: (row) => Math.floor(row / 2), champion: undefined })
  const counts = Object.values(gate.candidate.by_class).map(({ count }) => count)
  is(
    counts.reduce((sum, count) => sum + count, 0),
    350
  )
  const alone = judge({ champion: undefined })
  ok((gate.candidate.false_positive_rate ?? 0) > (alone.candidate.false_positive_rate ?? 1) - 0.05)
})
