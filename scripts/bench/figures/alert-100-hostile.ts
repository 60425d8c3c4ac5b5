/**
 * How soon an alert of one operator is on the disks of the others, in a network of a hundred of which thirty forward nothing: they
 * stay in every mesh, and hold back what honest nodes count on them to pass on. Every hop takes 50 ms.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { type Arrival, placeOfDatabases, SimNetwork } from '../network/sim-network.ts'

const NODES = 100
const SILENT = 30
const HOP_MS = 50
/** From D = 8: eight cubed is more than a hundred. */
const HOPS = 3
const RUNS = 5
const ALERTS_A_RUN = 14
/** Between two alerts: all nodes share one core, and one alert costs it a third of a second. */
const GAP_MS = 1_500
const DELIVERED_MS = 5_000
const FORM_MS = 300_000
const P99_GOAL_MS = 500

interface Run {
  readonly latencies: readonly number[]
  readonly expected: number
  readonly inTime: number
}

export const figure: BenchFigure = {
  name: 'alert-100-hostile',
  goal: `.p99 ≤ ${P99_GOAL_MS} ms, .delivered-5s 100 %`,
  async run({ seed, progress }: BenchContext): Promise<FigureLine[]> {
    const line = { delayMs: HOP_MS }
    const network = new SimNetwork({ count: NODES, seed, lineOf: () => line, progress })
    const runs: Run[] = []
    try {
      await network.form(FORM_MS)
      network.silence(SILENT)
      for (let run = 0; run < RUNS; run++) {
        runs.push(await measure(network, run))
        const { latencies, expected, inTime } = runs.at(-1) ?? { latencies: [], ...NOTHING }
        progress(
          `alert-100-hostile run ${run + 1} of ${RUNS}: p50 ${quantile(latencies, 0.5)} ms, p99 ${quantile(latencies, 0.99)} ms, ${inTime} of ${expected} within ${DELIVERED_MS / 1_000} s`
        )
      }
      network.requireSound()
    } finally {
      await network.remove()
    }
    return linesOf(runs)
  }
}

const NOTHING = { expected: 0, inTime: 0 } as const

async function measure(network: SimNetwork, run: number): Promise<Run> {
  const honest = network.nodes.filter(({ isSilent }) => !isSilent)
  const saidAtMs = new Map<string, number>()
  const arrivals: Arrival[] = []
  const stop = network.watch((arrival) => {
    if (!arrival.node.isSilent) arrivals.push(arrival)
  })
  for (let alert = 0; alert < ALERTS_A_RUN; alert++) {
    const from = honest[(run * ALERTS_A_RUN + alert) % honest.length]
    if (from === undefined) continue
    const { id, atMs } = await network.publish(from)
    saidAtMs.set(id, atMs)
    await sleep(GAP_MS)
  }
  await sleep(DELIVERED_MS)
  stop()
  const latencies = arrivals.flatMap(({ id, atMs }) => {
    const startMs = saidAtMs.get(id)
    return startMs === undefined ? [] : [atMs - startMs]
  })
  const expected = saidAtMs.size * (honest.length - 1)
  const inTime = latencies.filter((latency) => latency <= DELIVERED_MS).length
  // What never came is later than everything that did.
  const lost = Array.from({ length: expected - latencies.length }, () => Number.POSITIVE_INFINITY)
  return { latencies: [...latencies, ...lost], expected, inTime }
}

function linesOf(runs: readonly Run[]): FigureLine[] {
  const expected = runs.reduce((sum, run) => sum + run.expected, 0)
  const inTime = runs.reduce((sum, run) => sum + run.inTime, 0)
  const share = (inTime / expected) * 100
  const p99s = runs.map(({ latencies }) => quantile(latencies, 0.99))
  const note = `${NODES} nodes in one process, one core for all, ${HOP_MS} ms a hop over TCP on loopback; ${SILENT} stay in the meshes and forward nothing, nor give it out when asked; counted are the ${NODES - SILENT} honest ones; databases in ${placeOfDatabases()}; p99 of the runs: ${p99s.join(', ')} ms`
  return [
    latencyLine('p50', medianOf(runs.map(({ latencies }) => quantile(latencies, 0.5))), note),
    latencyLine('p99', medianOf(p99s), note),
    {
      figure: 'alert-100-hostile.delivered-5s',
      value: Math.floor(share * 1_000) / 1_000,
      unit: '%',
      reference: 'every honest node but the author, every alert',
      reference_value: expected,
      ratio: Math.floor((inTime / expected) * 100_000) / 100_000,
      goal: '100',
      met: inTime === expected,
      samples: expected,
      note: `${inTime} of ${expected} pairs of node and alert within ${DELIVERED_MS / 1_000} s, by gossip or by reconciliation`
    }
  ]
}

function latencyLine(part: 'p50' | 'p99', value: number, note: string): FigureLine {
  const reference = HOPS * HOP_MS
  const hasCome = Number.isFinite(value)
  return {
    figure: `alert-100-hostile.${part}`,
    value: hasCome ? value : null,
    unit: 'ms',
    reference: `${HOPS} hops of ${HOP_MS} ms`,
    reference_value: reference,
    ratio: hasCome ? Math.round((value / reference) * 1_000) / 1_000 : null,
    goal: part === 'p99' ? `≤ ${P99_GOAL_MS}` : 'reported',
    met: part === 'p99' ? value <= P99_GOAL_MS : null,
    samples: RUNS,
    note
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
  return Math.round((value ?? Number.NaN) * 10) / 10
}
