/** How long the champion that is turned out still answers after a rollback was asked for. */
import { request } from 'node:http'
import { integerBelow, seededRandom } from '../../../src/base/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../../../src/detection/index.ts'
import type { FeatureSpec } from '../../../src/runtime/index.ts'
import { type LabelledTable, rowMajor, trainBoosting } from '../../../src/training/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { benchPackage, type ServedNode, startServedNode } from '../models/served-node.ts'

const TRAINING_ROWS = 4_000
const OPTIONS = { trees: 150, maxDepth: 5 }
const GOLDEN_ROWS = 24
const RUNS = 5
const GOAL_MS = 100
/** Callers that ask one after the other while it happens. */
const CALLERS = 8

export const figure: BenchFigure = {
  name: 'rollback',
  goal: `last answer of the old model ≤ ${GOAL_MS} ms after the request`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const node = await startServedNode()
    try {
      const row = await installTwo(node, context.seed)
      const lasts: number[] = []
      const answers: number[] = []
      for (let run = 1; run <= RUNS; run++) {
        await promote(node, 'bench@1')
        await promote(node, 'bench@2')
        const measured = await measure(node, row)
        lasts.push(measured.lastMs)
        answers.push(measured.answerMs)
        context.progress(`rollback run ${run} of ${RUNS}: ${measured.lastMs.toFixed(1)} ms`)
      }
      return [line(medianOf(lasts), Math.max(...lasts), medianOf(answers))]
    } finally {
      await node.stop()
    }
  }
}

/** @returns a body that asks about one row */
async function installTwo(node: ServedNode, seed: number): Promise<string> {
  const table = behaviourTable(seed)
  const rows = rowMajor(table)
  for (const [version, trees] of [
    ['1', OPTIONS.trees],
    ['2', OPTIONS.trees + 1]
  ] as const) {
    const forest = trainBoosting(table, { ...OPTIONS, trees })
    const parts = {
      ...{ classes: ['benign', 'abuse'], calibration: [], threshold: 0.5 },
      members: [{ forest, input: 'margin' as const }]
    }
    const goldenRows = rows.slice(0, GOLDEN_ROWS * FEATURES.length)
    const featureSetVersion = FEATURE_SET_VERSION
    await node.install(benchPackage(version, { parts, goldenRows, featureSetVersion, seed }))
  }
  const cells = Array.from(rows.subarray(0, FEATURES.length))
  return JSON.stringify({ features: cells.map((value) => (Number.isNaN(value) ? null : value)) })
}

/** Rows within the ranges of the features that a node computes; what they say is made up. */
function behaviourTable(seed: number): LabelledTable {
  const random = seededRandom(seed)
  const columns = FEATURES.map(({ categories, range: [least, greatest] }) => {
    const top = Math.min(greatest, least + 1_000)
    return categories === undefined
      ? Float32Array.from({ length: TRAINING_ROWS }, () => least + random.next() * (top - least))
      : Int32Array.from({ length: TRAINING_ROWS }, () => integerBelow(random, categories.length))
  })
  const features = FEATURES.map(
    ({ name, categories }): FeatureSpec =>
      categories === undefined
        ? { name, kind: 'numeric' }
        : { name, kind: 'category', categories: [...categories] }
  )
  const first = columns[0]
  const middle = first === undefined ? 0 : medianOf([...first])
  const labels = Int32Array.from({ length: TRAINING_ROWS }, (_, row) =>
    Number((first?.[row] ?? 0) > middle !== random.next() < 0.2)
  )
  return { rows: TRAINING_ROWS, features, columns, labels, classes: 2 }
}

async function promote(node: ServedNode, id: string): Promise<void> {
  const body = { stage: 'champion' as const }
  await node.client.call('changeModel', { params: { model_id: id }, body }, { ifMatch: '*' })
}

/** Asks from all sides until a while after the rollback was answered. */
async function measure(node: ServedNode, row: string) {
  let isOver = false
  let lastOldMs = 0
  let after = 0
  let startMs = Number.POSITIVE_INFINITY
  const caller = async () => {
    while (!isOver) {
      const model = await predict(node, row)
      const nowMs = performance.now()
      if (model === 'bench@2') lastOldMs = Math.max(lastOldMs, nowMs)
      else if (nowMs > startMs) after++
    }
  }
  const callers = Array.from({ length: CALLERS }, caller)
  while (lastOldMs === 0) await predict(node, row)
  startMs = performance.now()
  await node.client.call('rollbackModel', { body: {} })
  const answerMs = performance.now() - startMs
  while (after < CALLERS * 10) await predict(node, row)
  isOver = true
  await Promise.all(callers)
  return { lastMs: Math.max(0, lastOldMs - startMs), answerMs }
}

function predict(node: ServedNode, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${node.url}/api/ml/predict`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${node.token}`,
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(body))
      }
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve((JSON.parse(text) as { model: string }).model)
        else reject(new Error(`expected a prediction, got ${response.statusCode}: ${text}`))
      })
    })
    sent.end(body)
  })
}

function line(value: number, worst: number, answer: number): FigureLine {
  const round = (ms: number) => Math.round(ms * 10) / 10
  return {
    figure: 'rollback',
    value: round(value),
    unit: 'ms',
    reference: null,
    reference_value: null,
    ratio: null,
    goal: `≤ ${GOAL_MS}`,
    met: worst <= GOAL_MS,
    samples: RUNS,
    note: `last answer of the old champion after the rollback was sent, ${CALLERS} callers at once; worst ${round(worst)} ms; answered after ${round(answer)} ms; ${OPTIONS.trees} trees of depth ${OPTIONS.maxDepth}, ${FEATURES.length} features`
  }
}
