/** A network of real nodes over several processes, as the measuring process sees it. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arrival, NodeHandlers, NodeState, Said } from './node-process.ts'
import { ProcessLink } from './process-link.ts'

const NODE_PROCESS = join(import.meta.dirname, 'node-process.ts')
const FORMED_MS = 120_000
const LOOK_MS = 500
/** Those who join at once all ask the one that they know. */
const JOIN_PAUSE_MS = 100

interface Place {
  readonly process: ProcessLink<NodeHandlers>
  /** Within its process. */
  readonly node: number
}

export interface NetworkShape {
  readonly processes: number
  readonly nodesEach: number
}

export class NodeNetwork {
  readonly #processes: readonly ProcessLink<NodeHandlers>[]
  readonly #places: readonly Place[]
  readonly #nodesEach: number
  #network = ''

  constructor({ processes, nodesEach }: NetworkShape) {
    this.#nodesEach = nodesEach
    this.#processes = Array.from({ length: processes }, () => new ProcessLink(NODE_PROCESS))
    this.#places = this.#processes.flatMap((process) =>
      Array.from({ length: nodesEach }, (_, node) => ({ process, node }))
    )
  }

  get size(): number {
    return this.#places.length
  }

  /** One founds the network, the others join by its invitation. @throws if meshes do not fill */
  async form(meshMin: number): Promise<void> {
    const [first, ...others] = this.#places
    if (first === undefined) throw new Error('expected nodes, got none')
    await Promise.all(this.#processes.map((process) => process.ask('open', this.#nodesEach)))
    const { network, invitation } = await first.process.ask('create', first.node)
    this.#network = network.id
    for (const { process, node } of others) {
      await process.ask('join', { node, invitation })
      await sleep(JOIN_PAUSE_MS)
    }
    const endMs = performance.now() + FORMED_MS
    for (;;) {
      const states = await this.states()
      if (states.every((state) => isFormed(state, { meshMin, authors: this.size }))) return
      if (performance.now() > endMs) {
        const meshes = states.map(({ meshOfAlerts }) => meshOfAlerts).join(' ')
        throw new Error(`expected ${meshMin} peers in each mesh, got ${meshes}`)
      }
      await sleep(LOOK_MS)
    }
  }

  async states(): Promise<readonly NodeState[]> {
    return (await Promise.all(this.#processes.map((process) => process.ask('states')))).flat()
  }

  publish(number: number, indicators: number): Promise<Said> {
    const { process, node } = this.#at(number)
    return process.ask('publish', { node, network: this.#network, indicators })
  }

  /** Since the last time; nodes numbered over all processes. */
  async takeArrivals(): Promise<readonly Arrival[]> {
    const taken = await Promise.all(this.#processes.map((process) => process.ask('takeArrivals')))
    return taken.flatMap((arrivals, process) =>
      arrivals.map((arrival) => ({ ...arrival, node: process * this.#nodesEach + arrival.node }))
    )
  }

  async cpuMicroseconds(): Promise<number> {
    const used = await Promise.all(this.#processes.map((process) => process.ask('cpuMicroseconds')))
    return used.reduce((sum, each) => sum + each, 0)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#processes.map((process) => process.ask('close')))
    await Promise.all(this.#processes.map((process) => process.stop()))
  }

  #at(number: number): Place {
    const place = this.#places[number]
    if (place === undefined) throw new Error(`expected a node, got number ${number}`)
    return place
  }
}

function isFormed(
  { meshOfAlerts, authors }: NodeState,
  wanted: { readonly meshMin: number; readonly authors: number }
): boolean {
  return meshOfAlerts >= wanted.meshMin && authors >= wanted.authors
}
