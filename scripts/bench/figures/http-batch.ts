/** How many rows a second a started node scores that come as lines of JSON and are answered so. */
import { request } from 'node:http'
import { ForestScorer } from '../../../src/runtime/index.ts'
import { rowMajor, trainBoosting } from '../../../src/training/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { benchPackage, type ServedNode, startServedNode } from '../models/served-node.ts'
import { connectionsTable, FEATURES } from '../trees/connections.ts'

const TRAINING_ROWS = 20_000
const ROWS = 200_000
const RUNS = 5
const GOAL = 50_000
const OPTIONS = { trees: 100, maxDepth: 6 }
const GOLDEN_ROWS = 24
const BODY_ROWS = 2_000
const LINE_FEED = 10
/** As many as a person would write. */
const DIGITS = 4

export const figure: BenchFigure = {
  name: 'http-batch',
  goal: `≥ ${GOAL} predictions/s on two cores`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const table = connectionsTable(TRAINING_ROWS, context.seed)
    const forest = trainBoosting(table, OPTIONS)
    const rows = rowMajor(table)
    const node = await startServedNode()
    try {
      const parts = {
        ...{ classes: ['benign', 'abuse'], calibration: [], threshold: 0.5 },
        members: [{ forest, input: 'margin' as const }]
      }
      const goldenRows = rows.slice(0, GOLDEN_ROWS * FEATURES)
      const seed = context.seed
      await node.install(benchPackage('1', { parts, goldenRows, featureSetVersion: null, seed }))
      const body = bodyOf(rows)
      const scorer = new ForestScorer(forest)
      await batch(node, body)
      inProcess(scorer, rows)
      const ours: number[] = []
      const bare: number[] = []
      for (let run = 1; run <= RUNS; run++) {
        ours.push(await batch(node, body))
        bare.push(inProcess(scorer, rows))
        const rate = Math.round(ours.at(-1) ?? 0)
        context.progress(`http-batch run ${run} of ${RUNS}: ${rate} predictions/s`)
      }
      return [line(medianOf(ours), medianOf(bare), body.length / BODY_ROWS)]
    } finally {
      await node.stop()
    }
  }
}

function bodyOf(rows: Float32Array): Buffer {
  const lines = Array.from({ length: BODY_ROWS }, (_, row) => {
    const cells = Array.from(rows.subarray(row * FEATURES, (row + 1) * FEATURES), (value) =>
      Number.isNaN(value) ? null : Number(value.toPrecision(DIGITS))
    )
    return `${JSON.stringify(cells)}\n`
  })
  return Buffer.from(lines.join(''))
}

/** Sends the body again and again and counts the lines that come back. @returns rows a second */
function batch(node: ServedNode, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now()
    const sent = request(`${node.url}/api/ml/batch-predict?model=bench@1`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${node.token}`, 'Content-Type': 'application/x-ndjson' }
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let rows = 0
      response.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) {
          rows++
        }
      })
      response.on('end', () => {
        if (response.statusCode !== 200 || rows !== ROWS) {
          reject(new Error(`expected ${ROWS} answers, got ${rows} (${response.statusCode})`))
          return
        }
        resolve((rows / (performance.now() - startMs)) * 1_000)
      })
    })
    void (async () => {
      for (let part = 0; part < ROWS / BODY_ROWS; part++) {
        if (!sent.write(body)) await new Promise((resume) => sent.once('drain', resume))
      }
      sent.end()
    })()
  })
}

/** The forest alone, rows in hand, one core. @returns rows a second */
function inProcess(scorer: ForestScorer, rows: Float32Array): number {
  const out = new Float64Array(1)
  const startMs = performance.now()
  for (let row = 0; row < ROWS; row++) {
    scorer.predict(rows, (row % TRAINING_ROWS) * FEATURES, out)
  }
  return (ROWS / (performance.now() - startMs)) * 1_000
}

function line(value: number, reference: number, bytes: number): FigureLine {
  return {
    figure: 'http-batch',
    value: Math.round(value),
    unit: 'predictions/s',
    reference: 'the same forest in process, one core, rows in hand',
    reference_value: Math.round(reference),
    ratio: Math.round((value / reference) * 1_000) / 1_000,
    goal: `≥ ${GOAL}`,
    met: value >= GOAL,
    samples: RUNS,
    note: `${OPTIONS.trees} trees of depth ${OPTIONS.maxDepth}, ${FEATURES} features, ${Math.round(bytes)} bytes a line; client and node on one machine`
  }
}
