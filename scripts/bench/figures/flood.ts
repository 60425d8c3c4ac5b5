/**
 * What honest operators notice while hostile peers flood their nodes for a minute: how late their alerts are, what the nodes grow
 * by, and how long it takes until everything is as before. Nodes and flooders are processes of their own over real connections.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { type FlooderHandlers, MANNERS } from '../network/flooder-names.ts'
import { ProcessLink } from '../network/process-link.ts'
import type { VictimHandlers } from '../network/victim-process.ts'

const VICTIMS = 4
const FLOOD_MS = 60_000
const BEFORE = 15
const AFTER = 30
/** Each victim says one in four: within the quota of 60 an hour. */
const GAP_MS = 1_000
const AFTER_GAP_MS = 500
/** An alert that has not come by then counts as having come then. */
const LOST_MS = 15_000
const FORM_MS = 60_000
const MEGABYTE = 1_000_000
const GOALS = { p99: 2_000, growth: 100, recovery: 10 } as const
const NETWORK = join(import.meta.dirname, '..', 'network')

interface Alert {
  readonly id: string
  readonly from: number
  readonly startNs: bigint
}

export const figure: BenchFigure = {
  name: 'flood',
  goal: `.p99 ≤ ${GOALS.p99} ms, .growth ≤ ${GOALS.growth} MB, .recovery ≤ ${GOALS.recovery} s`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const victims = Array.from(
      { length: VICTIMS },
      () => new ProcessLink<VictimHandlers>(join(NETWORK, 'victim-process.ts'))
    )
    const flooder = new ProcessLink<FlooderHandlers>(join(NETWORK, 'flooder-process.ts'))
    try {
      return await new Flood(victims, flooder, context).run()
    } finally {
      await Promise.allSettled(victims.map((victim) => victim.ask('close')))
      await Promise.all([...victims, flooder].map((process) => process.stop()))
    }
  }
}

class Flood {
  readonly #victims: readonly ProcessLink<VictimHandlers>[]
  readonly #flooder: ProcessLink<FlooderHandlers>
  readonly #context: BenchContext
  #network = ''
  #pids: readonly number[] = []
  #said = 0
  /** By id, of all victims together. */
  readonly #heardNs = new Map<string, bigint[]>()

  constructor(
    victims: readonly ProcessLink<VictimHandlers>[],
    flooder: ProcessLink<FlooderHandlers>,
    context: BenchContext
  ) {
    this.#victims = victims
    this.#flooder = flooder
    this.#context = context
  }

  async run(): Promise<FigureLine[]> {
    await this.#form()
    const before = await this.#sayEvery(GAP_MS, BEFORE)
    const calm = await this.#latencies(before)
    const startMegabytes = await this.#megabytes()
    await this.#flooder.ask('begin')
    const peaks = startMegabytes.map(() => 0)
    const startMs = performance.now()
    const during: Alert[] = []
    while (performance.now() - startMs < FLOOD_MS) {
      during.push(...(await this.#sayEvery(GAP_MS, 1)))
      for (const [i, size] of (await this.#megabytes()).entries()) {
        peaks[i] = Math.max(peaks[i] ?? 0, size)
      }
    }
    const seconds = (performance.now() - startMs) / 1_000
    const states = await Promise.all(this.#victims.map((victim) => victim.ask('state')))
    this.#context.progress(`flood: ${JSON.stringify(states)}`)
    const { sent, connected } = await this.#flooder.ask('end')
    const after = await this.#sayEvery(AFTER_GAP_MS, AFTER)
    const flooded = await this.#latencies(during)
    const growth = Math.max(...peaks.map((peak, i) => peak - (startMegabytes[i] ?? 0)))
    const rates = MANNERS.map(
      (manner) => `${manner} ${Math.round((sent[manner] ?? 0) / seconds / VICTIMS)}/s`
    )
    const note = `${VICTIMS} nodes in processes of their own, ${MANNERS.length} hostile peers connected to each for ${seconds.toFixed(0)} s that wrote without pause what the line took (messages to each node: ${rates.join(', ')}); ${connected} of ${MANNERS.length * VICTIMS} of their connections left`
    return [
      this.#latencyLine(calm, flooded, note),
      this.#growthLine(growth, startMegabytes),
      await this.#recoveryLine(calm, after)
    ]
  }

  async #form(): Promise<void> {
    const [founder, ...others] = this.#victims
    if (founder === undefined) return
    this.#pids = await Promise.all(this.#victims.map((victim) => victim.ask('open')))
    const { network, invitation } = await founder.ask('create')
    this.#network = network.id
    for (const other of others) await other.ask('join', invitation)
    await this.#until(({ authors, mesh }) => authors === VICTIMS && mesh === VICTIMS - 1)
    const states = await Promise.all(this.#victims.map((victim) => victim.ask('state')))
    const victims = states.flatMap(({ addresses }) => addresses[0] ?? [])
    await this.#flooder.ask('start', { network: network.id, invitation, victims })
    await this.#until(({ peers }) => peers >= VICTIMS - 1 + MANNERS.length)
    await this.#flooder.ask('announce', invitation)
    await this.#until(({ authors }) => authors === VICTIMS + 1)
  }

  async #until(
    isReady: (state: Awaited<ReturnType<VictimHandlers['state']>>) => boolean
  ): Promise<void> {
    for (const startMs = performance.now(); ; await sleep(200)) {
      const states = await Promise.all(this.#victims.map((victim) => victim.ask('state')))
      if (states.every(isReady)) return
      if (performance.now() - startMs < FORM_MS) continue
      throw new Error(`expected a network, got ${JSON.stringify(states)}`)
    }
  }

  async #sayEvery(gapMs: number, count: number): Promise<Alert[]> {
    const alerts: Alert[] = []
    for (let i = 0; i < count; i++) {
      const number = this.#said++
      const from = number % VICTIMS
      const pause = sleep(gapMs)
      const victim = this.#victims[from]
      if (victim === undefined) continue
      const said = await victim.ask('publish', { network: this.#network, number })
      alerts.push({ ...said, from })
      await pause
    }
    return alerts
  }

  /** Of each alert at each other node. */
  async #latencies(alerts: readonly Alert[]): Promise<readonly number[]> {
    const endMs = performance.now() + LOST_MS
    for (;;) {
      await this.#collect()
      const missing = alerts.filter(({ id }) => (this.#heardNs.get(id) ?? []).length < VICTIMS - 1)
      if (missing.length === 0 || performance.now() > endMs) break
      await sleep(200)
    }
    return alerts.flatMap((alert) => this.#latenciesOf(alert))
  }

  #latenciesOf({ id, startNs }: Alert): readonly number[] {
    const heard = this.#heardNs.get(id) ?? []
    const latencies = heard.map((atNs) => Number(atNs - startNs) / 1e6)
    const lost = Array.from({ length: VICTIMS - 1 - heard.length }, () => LOST_MS)
    return [...latencies, ...lost]
  }

  async #collect(): Promise<void> {
    for (const heard of await Promise.all(this.#victims.map((victim) => victim.ask('takeHeard')))) {
      for (const { id, atNs } of heard) {
        this.#heardNs.set(id, [...(this.#heardNs.get(id) ?? []), atNs])
      }
    }
  }

  async #megabytes(): Promise<readonly number[]> {
    if (!existsSync('/proc/self/status')) return []
    return await Promise.all(
      this.#pids.map(async (pid) => {
        const status = await readFile(`/proc/${pid}/status`, 'utf8')
        return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024) / MEGABYTE
      })
    )
  }

  #latencyLine(calm: readonly number[], flooded: readonly number[], note: string): FigureLine {
    const value = quantile(flooded, 0.99)
    const reference = quantile(calm, 0.99)
    const lost = flooded.filter((latency) => latency >= LOST_MS).length
    return {
      figure: 'flood.p99',
      value: rounded(value),
      unit: 'ms',
      reference: 'p99 of the same nodes before the flood',
      reference_value: rounded(reference),
      ratio: rounded(value / reference),
      goal: `≤ ${GOALS.p99}`,
      met: value <= GOALS.p99 && lost === 0,
      samples: flooded.length,
      note: `${note}; median ${rounded(medianOf(flooded))} ms, ${lost} of ${flooded.length} not there after ${LOST_MS / 1_000} s`
    }
  }

  #growthLine(growth: number, start: readonly number[]): FigureLine {
    const isMeasured = start.length > 0
    return {
      figure: 'flood.growth',
      value: isMeasured ? rounded(growth) : null,
      unit: 'MB',
      reference: isMeasured ? 'resident set of the largest node before the flood' : null,
      reference_value: isMeasured ? rounded(Math.max(...start)) : null,
      ratio: null,
      goal: `≤ ${GOALS.growth}`,
      met: isMeasured ? growth <= GOALS.growth : null,
      samples: start.length,
      ...(isMeasured
        ? {
            note: 'resident set (VmRSS) at its highest in the flood less that before it; worst node'
          }
        : { skipped: 'needs /proc of Linux' })
    }
  }

  async #recoveryLine(calm: readonly number[], after: readonly Alert[]): Promise<FigureLine> {
    await this.#latencies(after)
    const limit = 2 * quantile(calm, 0.99)
    const [first] = after
    const late = after.filter((alert) => Math.max(...this.#latenciesOf(alert)) > limit)
    const last = late.at(-1)
    const seconds =
      first === undefined || last === undefined ? 0 : Number(last.startNs - first.startNs) / 1e9
    return {
      figure: 'flood.recovery',
      value: rounded(seconds),
      unit: 's',
      reference: 'twice the p99 before the flood, in ms',
      reference_value: rounded(limit),
      ratio: null,
      goal: `≤ ${GOALS.recovery}`,
      met: seconds <= GOALS.recovery,
      samples: after.length,
      note: `from the end of the flood to the last alert that was later than that; ${late.length} of ${after.length} alerts in ${(AFTER * AFTER_GAP_MS) / 1_000} s were`
    }
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
