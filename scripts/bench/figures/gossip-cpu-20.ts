/**
 * What a message costs 20 nodes together, of the processor's time: an alert that each verifies and keeps, beside bytes of the same
 * length over libp2p and gossipsub alone, with the same links and the same mesh. Both hold their nodes in one process each.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import type { BareHandlers } from '../network/bare-process.ts'
import type { NodeState } from '../network/node-process.ts'
import { NodeNetwork } from '../network/nodes.ts'
import { ProcessLink } from '../network/process-link.ts'

const NODES = 20
const OTHERS = NODES - 1
const RUNS = 5
const WARM_UPS = 1
/** Of each kind, each run; each node stays within its quota of an hour. */
const MESSAGES = 100
const PAUSE_MS = 100
const IDLE_MS = 5_000
/** A KiB. */
const INDICATORS = 30
const MESH_WANTED = 6
const FORMED_MS = 90_000
const LATE_MS = 60_000
const LOOK_MS = 100
const RATIO_GOAL = 1.3
const BARE_PROCESS = join(import.meta.dirname, '..', 'network', 'bare-process.ts')

/** One of the two that are compared. */
interface Subject {
  cpuMicroseconds(): Promise<number>
  publish(node: number): Promise<void>
  /** Deliveries since it was asked last. */
  heard(): Promise<number>
}

interface Cost {
  readonly millisecondsEach: number
  readonly idlePercent: number
}

export const figure: BenchFigure = {
  name: 'gossip-cpu-20',
  goal: `ratio ≤ ${RATIO_GOAL}`,
  async run(context: BenchContext): Promise<FigureLine[]> {
    const network = new NodeNetwork({ processes: 1, nodesEach: NODES })
    const bare = new ProcessLink<BareHandlers>(BARE_PROCESS)
    try {
      const mesh = await network.form(MESH_WANTED)
      const links = linksOf(await network.states())
      const bareMesh = await formBare(bare, links)
      const { subject: ours, bytes } = ownSubject(network)
      await ours.publish(0)
      const theirs = bareSubject(bare, bytes())
      const pairs: { readonly own: Cost; readonly bare: Cost }[] = []
      for (let run = -WARM_UPS; run < RUNS; run++) {
        const idle = await idleOf([ours, theirs])
        const own = await costOf(ours, idle[0])
        const beside = await costOf(theirs, idle[1])
        if (run < 0) continue
        pairs.push({ own, bare: beside })
        context.progress(
          `gossip-cpu-20 run ${run + 1} of ${RUNS}: ${own.millisecondsEach.toFixed(1)} ms, bare ${beside.millisecondsEach.toFixed(1)} ms`
        )
      }
      return [lineOf(pairs, { mesh, bareMesh, links: links.length, bytes: bytes() })]
    } finally {
      await network.close()
      await bare.ask('close').catch(() => undefined)
      await bare.stop()
    }
  }
}

function linksOf(states: readonly NodeState[]): readonly (readonly [number, number])[] {
  const numbers = new Map(states.map(({ peerId }, number) => [peerId, number]))
  const links = new Map<string, readonly [number, number]>()
  for (const [from, { connected }] of states.entries()) {
    for (const peer of connected) {
      const to = numbers.get(peer)
      if (to === undefined) continue
      const link = [Math.min(from, to), Math.max(from, to)] as const
      links.set(link.join(' '), link)
    }
  }
  return [...links.values()]
}

async function formBare(
  bare: ProcessLink<BareHandlers>,
  links: readonly (readonly [number, number])[]
): Promise<number> {
  await bare.ask('open', NODES)
  await bare.ask('connect', links)
  for (const startMs = performance.now(); ; await sleep(LOOK_MS)) {
    const mesh = Math.min(...(await bare.ask('meshes')))
    if (mesh >= MESH_WANTED || (mesh > 0 && performance.now() - startMs > FORMED_MS)) return mesh
  }
}

function ownSubject(network: NodeNetwork): { subject: Subject; bytes(): number } {
  let bytes = 0
  const subject: Subject = {
    cpuMicroseconds: () => network.cpuMicroseconds(),
    publish: async (node) => {
      bytes = (await network.publish(node, INDICATORS)).bytes
    },
    heard: async () => (await network.takeArrivals()).length
  }
  return { subject, bytes: () => bytes }
}

function bareSubject(bare: ProcessLink<BareHandlers>, bytes: number): Subject {
  let before = 0
  return {
    cpuMicroseconds: () => bare.ask('cpuMicroseconds'),
    publish: (node) => bare.ask('publish', { node, bytes }),
    heard: async () => {
      const received = await bare.ask('received')
      const heard = received - before
      before = received
      return heard
    }
  }
}

/** @returns the share of a core that each takes when nothing is said */
async function idleOf([own, bare]: readonly [Subject, Subject]): Promise<
  readonly [number, number]
> {
  await Promise.all([own.heard(), bare.heard()])
  const startMs = performance.now()
  const [ownBefore, bareBefore] = [await own.cpuMicroseconds(), await bare.cpuMicroseconds()]
  await sleep(IDLE_MS)
  const [ownAfter, bareAfter] = [await own.cpuMicroseconds(), await bare.cpuMicroseconds()]
  const tookUs = (performance.now() - startMs) * 1_000
  return [(ownAfter - ownBefore) / tookUs, (bareAfter - bareBefore) / tookUs]
}

async function costOf(subject: Subject, idleShare: number): Promise<Cost> {
  await subject.heard()
  const startMs = performance.now()
  const before = await subject.cpuMicroseconds()
  for (let number = 0; number < MESSAGES; number++) {
    await subject.publish(number % NODES)
    await sleep(PAUSE_MS)
  }
  const endMs = performance.now() + LATE_MS
  for (let heard = await subject.heard(); heard < MESSAGES * OTHERS; ) {
    if (performance.now() > endMs) throw new Error(`expected all messages everywhere, got ${heard}`)
    await sleep(LOOK_MS)
    heard += await subject.heard()
  }
  const used = (await subject.cpuMicroseconds()) - before
  const idle = idleShare * (performance.now() - startMs) * 1_000
  return { millisecondsEach: (used - idle) / MESSAGES / 1_000, idlePercent: idleShare * 100 }
}

function lineOf(
  pairs: readonly { readonly own: Cost; readonly bare: Cost }[],
  shape: Readonly<Record<'links' | 'mesh' | 'bareMesh' | 'bytes', number>>
): FigureLine {
  const value = medianOf(pairs.map(({ own }) => own.millisecondsEach))
  const reference = medianOf(pairs.map(({ bare }) => bare.millisecondsEach))
  const idle = medianOf(pairs.map(({ own }) => own.idlePercent))
  const bareIdle = medianOf(pairs.map(({ bare }) => bare.idlePercent))
  const ratio = Math.round((value / reference) * 1_000) / 1_000
  return {
    figure: 'gossip-cpu-20',
    value: Math.round(value * 10) / 10,
    unit: 'CPU ms a message over all nodes',
    reference: 'js-libp2p and gossipsub alone, nothing signed, same links, mesh and length',
    reference_value: Math.round(reference * 10) / 10,
    ratio,
    goal: `ratio ≤ ${RATIO_GOAL}`,
    met: ratio <= RATIO_GOAL,
    samples: pairs.length,
    note: `${NODES} nodes in one process, ${shape.links} links, smallest mesh ${shape.mesh} (bare ${shape.bareMesh}), ${shape.bytes} bytes, a message every ${PAUSE_MS} ms; idle use subtracted (${idle.toFixed(1)} % of a core, bare ${bareIdle.toFixed(1)} %)`
  }
}
