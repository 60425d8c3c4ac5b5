/**
 * What a keyserver feels of a training on the node beside it: the 99th percentile of lookups at a steady rate, without and with a
 * training, in turns. `KEYSERVER_URL` names a lookup of a real keyserver to be measured instead of the stand-in.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { type ServedNode, startServedNode } from '../models/served-node.ts'
import { startKeyserver } from '../training/front.ts'
import { lookUp, quantile } from '../training/lookups.ts'
import { connectionsTable } from '../trees/connections.ts'

const ROWS = 100_000
/** More than it will ever grow: each training is cancelled when its turn is over. */
const TREES = 100_000
const PAIRS = 8
const SECONDS = 10
const RATE = 200
/** Reading of the table, which is over in seconds, is measured with the rest. */
const SETTLE_MS = 1_500
const GOAL = 1.1
/** Of the half core that it may have. */
const CORES_MIN = 0.1

export const figure: BenchFigure = {
  name: 'training-impact',
  goal: 'p99 of lookups with a training ≤ 1.10 × without',
  async run(context: BenchContext): Promise<FigureLine[]> {
    const dir = mkdtempSync(join(tmpdir(), 'netminder-impact-table-'))
    const table = join(dir, 'table.csv')
    writeFileSync(table, csvOf(context.seed))
    const node = await startServedNode({ NETMINDER_TRAINING__READ_FROM: dir })
    const given = process.env['KEYSERVER_URL']
    const keyserver = given === undefined ? await startKeyserver() : undefined
    const url = given ?? `${keyserver?.url}/pks/lookup?op=get&search=0x1`
    try {
      await lookUp(url, RATE, SECONDS / 2)
      const pairs: Pair[] = []
      for (let pair = 1; pair <= PAIRS; pair++) {
        pairs.push(await measurePair(url, node, { table, isTrainingFirst: pair % 2 === 0 }))
        const { idle, busy, cpu } = pairs.at(-1) as Pair
        context.progress(
          `training-impact ${pair} of ${PAIRS}: p99 ${idle.p99.toFixed(2)} ms without, ${busy.p99.toFixed(2)} ms with a training (${cpu.toFixed(1)} s of a core in ${SECONDS} s)`
        )
      }
      return lines(pairs, keyserver?.words ?? 'the keyserver of KEYSERVER_URL')
    } finally {
      await node.stop()
      await keyserver?.stop()
      rmSync(dir, { recursive: true, force: true })
    }
  }
}

interface Turn {
  readonly p50: number
  readonly p99: number
  readonly failures: number
}

interface Pair {
  readonly idle: Turn
  readonly busy: Turn
  /** Seconds of a core that the training had in its turn. */
  readonly cpu: number
}

async function measurePair(
  url: string,
  node: ServedNode,
  of: { readonly table: string; readonly isTrainingFirst: boolean }
): Promise<Pair> {
  const turn = async (): Promise<Turn> => {
    const { latenciesMs, failures } = await lookUp(url, RATE, SECONDS)
    return { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99), failures }
  }
  const withTraining = async () => {
    const data = { kind: 'table' as const, path: of.table, label: 'class' }
    const body = { name: 'impact', data, params: { trees: TREES } }
    const { id } = await node.client.call('train', { body })
    await sleep(SETTLE_MS)
    const params = { id }
    const before = (await node.client.call('showTraining', { params })).cpu_seconds
    const busy = await turn()
    const after = (await node.client.call('showTraining', { params })).cpu_seconds
    await node.client.call('cancelTraining', { params, query: {} })
    await sleep(SETTLE_MS)
    return { busy, cpu: after - before }
  }
  if (of.isTrainingFirst) {
    const first = await withTraining()
    return { ...first, idle: await turn() }
  }
  const idle = await turn()
  return { idle, ...(await withTraining()) }
}

function lines(pairs: readonly Pair[], where: string): FigureLine[] {
  const rounded = (value: number) => Math.round(value * 100) / 100
  const ratio = medianOf(pairs.map(({ idle, busy }) => busy.p99 / idle.p99))
  const failures = pairs.reduce((sum, { idle, busy }) => sum + idle.failures + busy.failures, 0)
  const cpu = medianOf(pairs.map((pair) => pair.cpu)) / SECONDS
  return [
    {
      figure: 'training-impact',
      value: rounded(medianOf(pairs.map(({ busy }) => busy.p99))),
      unit: 'ms, 99th percentile of lookups with a training',
      reference: 'the same without a training, in turns',
      reference_value: rounded(medianOf(pairs.map(({ idle }) => idle.p99))),
      ratio: Math.round(ratio * 1_000) / 1_000,
      goal: `≤ ${GOAL} ×`,
      // A training that stood still says nothing.
      met: cpu < CORES_MIN ? null : ratio <= GOAL,
      samples: pairs.length,
      note: `${where}; ${RATE} lookups/s for ${SECONDS} s a turn, each timed from when it was due; median of the pairs' ratios; p50 ${rounded(medianOf(pairs.map(({ idle }) => idle.p50)))} and ${rounded(medianOf(pairs.map(({ busy }) => busy.p50)))} ms; ${failures} failed; the training had ${rounded(cpu)} of a core; load of the machine ${rounded(loadavg()[0] ?? 0)}`
    }
  ]
}

/** The figures' own table of connections, as a person would hand it over. */
function csvOf(seed: number): string {
  const table = connectionsTable(ROWS, seed)
  const head = [...table.features.map(({ name }) => name), 'class'].join(',')
  const rows = Array.from({ length: table.rows }, (_, row) => {
    const cells = table.columns.map((column) => {
      const value = column[row] ?? Number.NaN
      return Number.isNaN(value) ? '' : String(Math.round(value * 1_000) / 1_000)
    })
    return [...cells, `k${table.labels[row]}`].join(',')
  })
  return `${[head, ...rows].join('\n')}\n`
}
