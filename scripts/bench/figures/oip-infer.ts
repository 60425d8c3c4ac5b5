/** How long an answer of the Open Inference Protocol takes at a steady pace, and how many one core of the node gives. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LabelledTable, rowMajor, trainBoosting } from '../../../src/training/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { benchPackage, type ServedNode, startServedNode } from '../models/served-node.ts'
import { connectionsTable } from '../trees/connections.ts'

const TRAINING_ROWS = 10_000
const FEATURES = 57
const OPTIONS = { trees: 100, maxDepth: 6 }
const GOLDEN_ROWS = 24
const RUNS = 5
const WARM_UPS = 1
const PER_SECOND = 2_000
const RUN_SECONDS = 3
const CONNECTIONS = 32
const GOAL_P99_MS = 5
const GOAL_PER_CORE = 2_000
/** Of the kernel's clock, in which it counts a process's time. */
const TICKS_PER_SECOND = 100

interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly pid: number
}

interface Measured {
  readonly p50: number
  readonly p99: number
  /** Answers for each second of the processor that the server took. */
  readonly perCore: number
}

export const figure: BenchFigure = {
  name: 'oip-infer',
  goal: `p99 ≤ ${GOAL_P99_MS} ms at ${PER_SECOND} requests/s, ≥ ${GOAL_PER_CORE} requests/s on one core`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const table = wideTable(context.seed)
    const node = await startServedNode({ NETMINDER_API__REQUESTS_PER_MINUTE: '1000000' })
    const bare = await startBare()
    try {
      await install(node, table, context.seed)
      const body = bodyOf(table)
      const target: Target = {
        url: `${node.url}/v2/models/bench/versions/1/infer`,
        headers: { Authorization: `Bearer ${node.token}` },
        pid: node.pid
      }
      const ours: Measured[] = []
      const theirs: Measured[] = []
      for (let run = -WARM_UPS; run < RUNS; run++) {
        const own = await measure(target, body)
        const other = await measure(bare.target, body)
        if (run < 0) continue
        ours.push(own)
        theirs.push(other)
        context.progress(
          `oip-infer run ${run + 1} of ${RUNS}: p99 ${own.p99.toFixed(2)} ms, ${Math.round(own.perCore)} requests for a second of CPU`
        )
      }
      return [
        latencyLine('p50', ours, theirs),
        latencyLine('p99', ours, theirs),
        coreLine(ours, theirs)
      ]
    } finally {
      bare.child.kill()
      await node.stop()
    }
  }
}

function wideTable(seed: number): LabelledTable {
  const one = connectionsTable(TRAINING_ROWS, seed)
  const other = connectionsTable(TRAINING_ROWS, seed + 1)
  const columns = [...one.columns, ...other.columns].slice(0, FEATURES)
  const features = columns.map((_, index) => ({ name: `f${index}`, kind: 'numeric' as const }))
  return { ...one, columns, features }
}

async function install(node: ServedNode, table: LabelledTable, seed: number): Promise<void> {
  const parts = {
    ...{ classes: ['benign', 'abuse'], calibration: [], threshold: 0.5 },
    members: [{ forest: trainBoosting(table, OPTIONS), input: 'margin' as const }]
  }
  const goldenRows = rowMajor(table).slice(0, GOLDEN_ROWS * FEATURES)
  await node.install(benchPackage('1', { parts, goldenRows, featureSetVersion: null, seed }))
}

function bodyOf(table: LabelledTable): string {
  const cells = Array.from(rowMajor(table).subarray(0, FEATURES), (value) =>
    Number.isNaN(value) ? null : Number(value.toPrecision(5))
  )
  const input = { name: 'features', shape: [1, FEATURES], datatype: 'FP32', data: cells }
  return JSON.stringify({ id: 'bench', inputs: [input] })
}

/** A server that only reads the JSON and answers as much: what HTTP itself costs. */
async function startBare(): Promise<{ readonly child: ChildProcess; readonly target: Target }> {
  const program = `
    const { createServer } = require('node:http')
    const server = createServer(async (request, response) => {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      const { id } = JSON.parse(Buffer.concat(chunks).toString())
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ model_name: 'bare', model_version: '1', id, outputs: [{ name: 'scores', shape: [1, 2], datatype: 'FP64', data: [0.25, 0.75] }] }))
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout ?? child, 'data')) as [Buffer]
  const target = { url: `http://127.0.0.1:${Number(port)}/`, headers: {}, pid: child.pid ?? 0 }
  return { child, target }
}

/** Sends at a steady pace, whether or not earlier requests were answered; times run from when each was due. */
async function measure(target: Target, body: string): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const count = PER_SECOND * RUN_SECONDS
  const times = new Float64Array(count)
  const answers: Promise<void>[] = []
  const cpuBefore = cpuSecondsOf(target.pid)
  const startMs = performance.now()
  while (answers.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startMs) * PER_SECOND) / 1_000))
    for (let index = answers.length; index < due; index++) {
      const dueMs = startMs + (index * 1_000) / PER_SECOND
      answers.push(
        ask(target, agent, body).then(() => {
          times[index] = performance.now() - dueMs
        })
      )
    }
    await sleep(1)
  }
  await Promise.all(answers)
  const cpu = cpuSecondsOf(target.pid) - cpuBefore
  agent.destroy()
  times.sort()
  return {
    p50: times[count >> 1] ?? 0,
    p99: times[Math.floor(count * 0.99)] ?? 0,
    perCore: count / Math.max(cpu, 1 / TICKS_PER_SECOND)
  }
}

function ask({ url, headers }: Target, agent: Agent, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      ...{ agent, method: 'POST' },
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(body))
      }
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`expected an answer, got ${response.statusCode}`))
      })
    })
    sent.end(body)
  })
}

/** Of all threads of the process. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

const NOTE = `${OPTIONS.trees} trees of depth ${OPTIONS.maxDepth}, ${FEATURES} features, one row a request, ${CONNECTIONS} connections; client and node on one machine`
const REFERENCE = 'a bare node:http server that reads and answers the same JSON'

function latencyLine(
  part: 'p50' | 'p99',
  ours: readonly Measured[],
  theirs: readonly Measured[]
): FigureLine {
  const value = medianOf(ours.map((one) => one[part]))
  const reference = medianOf(theirs.map((one) => one[part]))
  return {
    figure: `oip-infer.${part}`,
    value: rounded(value),
    unit: 'ms',
    reference: REFERENCE,
    reference_value: rounded(reference),
    ratio: rounded(value / reference),
    goal: part === 'p99' ? `≤ ${GOAL_P99_MS}` : 'reported',
    met: part === 'p99' ? value <= GOAL_P99_MS : null,
    samples: RUNS,
    note: `${PER_SECOND} requests/s; ${NOTE}`
  }
}

function coreLine(ours: readonly Measured[], theirs: readonly Measured[]): FigureLine {
  const value = medianOf(ours.map(({ perCore }) => perCore))
  const reference = medianOf(theirs.map(({ perCore }) => perCore))
  return {
    figure: 'oip-infer.rate',
    value: Math.round(value),
    unit: 'requests/s, one core',
    reference: REFERENCE,
    reference_value: Math.round(reference),
    ratio: rounded(value / reference),
    goal: `≥ ${GOAL_PER_CORE}`,
    met: value >= GOAL_PER_CORE,
    samples: RUNS,
    note: `requests for each second of the processor's time that the node took; ${NOTE}`
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
