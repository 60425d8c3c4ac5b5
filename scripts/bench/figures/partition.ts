/**
 * A network that is cut in two halves which both go on speaking, and heals: how long until every node holds the same. Connections
 * across the cut are closed and dials across it refused; when it heals nobody is told, and nodes find each other by themselves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, BenchFigure, FigureLine } from '../figure.ts'
import { medianOf } from '../median.ts'
import { SimNetwork, until } from '../network/sim-network.ts'
import type { SimNode } from '../network/sim-node.ts'

const NODES = 24
const RUNS = 5
const GOAL_S = 30
const HOP_MS = 20
const FORM_MS = 180_000
/** Long enough that both halves repair their meshes and stop dialing whom they cannot reach. */
const APART_MS = 30_000
/** Each node says so many while it is apart: within its quota of 60 an hour over all runs. */
const SAID = 4
const HEAL_MS = 300_000

export const figure: BenchFigure = {
  name: 'partition',
  goal: `.heal ≤ ${GOAL_S} s`,
  async run({ seed, progress }: BenchContext): Promise<FigureLine[]> {
    const cut = new Cut()
    const lineOf = (number: number) => ({
      delayMs: HOP_MS,
      isCut: (address: string) => cut.isBetween(number, address)
    })
    const network = new SimNetwork({ count: NODES, seed, lineOf, progress })
    const heals: number[] = []
    try {
      await network.form(FORM_MS)
      cut.know(network.nodes)
      for (let run = 0; run < RUNS; run++) {
        heals.push(await splitAndHeal(network, cut))
        progress(`partition run ${run + 1} of ${RUNS}: ${heals.at(-1)?.toFixed(1)} s`)
      }
      network.requireSound()
    } finally {
      await network.remove()
    }
    return [healLine(heals)]
  }
}

/** Which half a node is in, and where it listens. */
class Cut {
  readonly #numbers = new Map<string, number>()
  #isMade = false

  know(nodes: readonly SimNode[]): void {
    for (const [number, node] of nodes.entries()) this.#numbers.set(portOf(node.address), number)
  }

  /** Again and again while it lasts: a connection that was being made when it began is cut as well. */
  make(nodes: readonly SimNode[]): void {
    this.#isMade = true
    const numbers = new Map(nodes.map((node, number) => [node.peerId, number]))
    for (const [number, { node }] of nodes.entries()) {
      for (const connection of node.host.connections) {
        const other = numbers.get(connection.remotePeer.toString())
        if (other !== undefined && half(other) !== half(number)) {
          connection.abort(new Error('the line is cut'))
        }
      }
    }
  }

  heal(): void {
    this.#isMade = false
  }

  isBetween(number: number, address: string): boolean {
    const other = this.#numbers.get(portOf(address))
    return this.#isMade && other !== undefined && half(other) !== half(number)
  }
}

function half(number: number): number {
  return number % 2
}

function portOf(address: string): string {
  return address.split('/')[4] ?? ''
}

async function splitAndHeal(network: SimNetwork, cut: Cut): Promise<number> {
  const { nodes } = network
  for (let said = 0; said < SAID; said++) {
    cut.make(nodes)
    for (const node of nodes) await network.publish(node)
    await sleep(APART_MS / SAID)
  }
  const digests = new Set(nodes.map((node) => node.digestOf(network.id)))
  if (digests.size < 2) throw new Error('expected two halves that differ, got one network')
  const startMs = performance.now()
  cut.heal()
  await until(
    () => new Set(nodes.map((node) => node.digestOf(network.id))).size === 1,
    HEAL_MS,
    () => `${new Set(nodes.map((node) => node.digestOf(network.id))).size} different live sets`
  )
  return (performance.now() - startMs) / 1_000
}

function healLine(heals: readonly number[]): FigureLine {
  const value = medianOf(heals)
  return {
    figure: 'partition.heal',
    value: Math.round(value * 100) / 100,
    unit: 's',
    reference: null,
    reference_value: null,
    ratio: null,
    goal: `≤ ${GOAL_S}`,
    met: Math.max(...heals) <= GOAL_S,
    samples: heals.length,
    note: `${NODES} nodes in one process, ${HOP_MS} ms a hop, ${APART_MS / 1_000} s apart, ${SAID} alerts of each node meanwhile; longest ${Math.max(...heals).toFixed(1)} s, and every run has to keep the goal`
  }
}
