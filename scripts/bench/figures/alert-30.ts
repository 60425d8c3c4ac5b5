/**
 * How long an alert takes until each of the 29 other nodes of a network has verified and kept it: real nodes, a process and a
 * database on disk each, over TCP on loopback, put together by the daemon's own code.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/index.ts'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import type { Said } from '../network/node-process.ts'
import { NodeNetwork } from '../network/nodes.ts'
import { RoundTrip } from '../network/round-trip.ts'

const NODES = 30
const OTHERS = NODES - 1
const RUNS = 5
const WARM_UP_ALERTS = 30
/** Each node speaks once a run, and stays within its quota of an hour. */
const ALERTS_A_RUN = NODES
const INDICATORS = 1
/** Gossipsub's Dlo: fewer is a mesh that still grows. */
const MESH_WANTED = 6
const PAUSE_MS = 250
/** Two periods of reconciliation: what has not come by then is lost. */
const LATE_MS = 120_000
const LOOK_MS = 200
const SETTLE_MS = 5_000
const ALERT_BYTES = 256
const GOAL_MS = 250

interface Run {
  /** Of each delivery, in ascending order. */
  readonly delays: readonly number[]
  readonly missing: number
  /** Came by reconciliation. */
  readonly fetched: number
  readonly roundTrips: readonly number[]
}

export const figure: BenchFigure = {
  name: 'alert-30',
  goal: `p99 ≤ ${GOAL_MS} ms, 100 % delivered`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const network = new NodeNetwork({ processes: NODES, nodesEach: 1 })
    const roundTrip = new RoundTrip(ALERT_BYTES)
    try {
      await roundTrip.open()
      const mesh = await network.form(MESH_WANTED)
      await sleep(SETTLE_MS)
      const parts = { network, roundTrip, seed: context.seed }
      await measure(parts, WARM_UP_ALERTS)
      const runs: Run[] = []
      for (let run = 0; run < RUNS; run++) {
        const measured = await measure(parts, ALERTS_A_RUN)
        runs.push(measured)
        context.progress(
          `alert-30 run ${run + 1} of ${RUNS}: p50 ${at(measured.delays, 0.5).toFixed(1)} ms, p99 ${at(measured.delays, 0.99).toFixed(1)} ms, ${measured.missing} missing`
        )
      }
      return linesOf(runs, { mesh, links: linksOf(await network.states()) })
    } finally {
      await network.close()
      await roundTrip.close()
    }
  }
}

async function measure(
  parts: { readonly network: NodeNetwork; readonly roundTrip: RoundTrip; readonly seed: number },
  alerts: number
): Promise<Run> {
  const { network, roundTrip, seed } = parts
  const random = seededRandom(seed)
  const said = new Map<string, Said>()
  const roundTrips: number[] = []
  await network.takeArrivals()
  for (let number = 0; number < alerts; number++) {
    roundTrips.push(await roundTrip.milliseconds())
    const spoken = await network.publish(number % NODES, INDICATORS)
    said.set(spoken.id, spoken)
    await sleep(PAUSE_MS * (0.5 + random.next()))
  }
  const heard = new Map<string, number>()
  let fetched = 0
  const endMs = performance.now() + LATE_MS
  while (heard.size < alerts * OTHERS && performance.now() < endMs) {
    for (const { id, node, atNs, via } of await network.takeArrivals()) {
      const spoken = said.get(id)
      if (spoken === undefined) continue
      heard.set(`${id} ${node}`, Number(atNs - spoken.startNs) / 1e6)
      if (via === 'sync') fetched++
    }
    await sleep(LOOK_MS)
  }
  const delays = [...heard.values()].sort((a, b) => a - b)
  return { delays, missing: alerts * OTHERS - heard.size, fetched, roundTrips }
}

function at(ascending: readonly number[], part: number): number {
  return ascending[Math.ceil(ascending.length * part) - 1] ?? Number.NaN
}

function linksOf(states: readonly { readonly connected: readonly string[] }[]): number {
  return states.reduce((sum, { connected }) => sum + connected.length, 0) / 2
}

function linesOf(
  runs: readonly Run[],
  formed: { readonly mesh: number; readonly links: number }
): FigureLine[] {
  const wanted = runs.length * ALERTS_A_RUN * OTHERS
  const missing = runs.reduce((sum, run) => sum + run.missing, 0)
  const fetched = runs.reduce((sum, run) => sum + run.fetched, 0)
  const slowest = Math.max(...runs.map(({ delays }) => delays.at(-1) ?? Number.NaN))
  const delivered = (1 - missing / wanted) * 100
  const shape = `${NODES} processes of one node each, ${formed.links} links, smallest mesh ${formed.mesh}, an alert every ${PAUSE_MS} ms or so, each from another node`
  const note = `${shape}; slowest of all ${slowest.toFixed(1)} ms, ${fetched} of ${wanted} deliveries by reconciliation`
  const reference = `one round trip of ${ALERT_BYTES} bytes over TCP on loopback to another process, between the alerts`
  const lineOf = (part: 'p50' | 'p99', share: number, goal: number | undefined): FigureLine => {
    const value = medianOf(runs.map(({ delays }) => at(delays, share)))
    const beside = medianOf(runs.map(({ roundTrips }) => at(sorted(roundTrips), share)))
    return {
      figure: `alert-30.${part}`,
      value: round(value, 1),
      unit: 'ms',
      reference,
      reference_value: round(beside, 3),
      ratio: round(value / beside, 1),
      goal: goal === undefined ? 'reported' : `≤ ${goal}`,
      // A delivery that never came is slower than any goal.
      met: goal === undefined ? null : value <= goal && missing === 0,
      samples: runs.length,
      note
    }
  }
  return [
    lineOf('p50', 0.5, undefined),
    lineOf('p99', 0.99, GOAL_MS),
    {
      figure: 'alert-30.delivered',
      value: round(delivered, 3),
      unit: '% of pairs of alert and node',
      reference: null,
      reference_value: null,
      ratio: null,
      goal: '100',
      met: missing === 0,
      samples: wanted,
      note: shape
    }
  ]
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
