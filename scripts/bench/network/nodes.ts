/** A network of real nodes over several processes, as the measuring process sees it. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arrival, NodeHandlers, NodeState, Said } from './node-process.ts'
import { ProcessLink } from './process-link.ts'

const NODE_PROCESS = join(import.meta.dirname, 'node-process.ts')
/** A node whose first choice has full meshes tries again after gossipsub's back-off of a minute. */
const FORMED_MS = 90_000
const KNOWN_MS = 120_000
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

  /**
   * One founds the network, the others join by its invitation; then it is waited for meshes of so many peers, for some time, and
   * until everybody knows everybody. @returns the smallest mesh
   */
  async form(meshWanted: number): Promise<number> {
    const [first, ...others] = this.#places
    if (first === undefined) throw new Error('expected nodes, got none')
    await Promise.all(this.#processes.map((process) => process.ask('open', this.#nodesEach)))
    const { network, invitation } = await first.process.ask('create', first.node)
    this.#network = network.id
    for (const { process, node } of others) {
      await process.ask('join', { node, invitation })
      await sleep(JOIN_PAUSE_MS)
    }
    for (const startMs = performance.now(); ; await sleep(LOOK_MS)) {
      const states = await this.states()
      const tookMs = performance.now() - startMs
      const mesh = Math.min(...states.map(({ meshOfAlerts }) => meshOfAlerts))
      const isKnown = states.every(({ authors }) => authors >= this.size)
      if (isKnown && (mesh >= meshWanted || (mesh > 0 && tookMs > FORMED_MS))) return mesh
      if (tookMs > KNOWN_MS) {
        const found = states.map(({ authors, meshOfAlerts }) => `${authors}/${meshOfAlerts}`)
        throw new Error(
          `expected ${this.size} authors known everywhere and a mesh, got ${found.join(' ')} (authors/mesh)`
        )
      }
    }
  }

  /** All join a network that another node founded. */
  async join(invitation: string): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.ask('open', this.#nodesEach)))
    for (const { process, node } of this.#places) {
      await process.ask('join', { node, invitation })
      await sleep(JOIN_PAUSE_MS)
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
