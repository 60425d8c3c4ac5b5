/** One network of many nodes in this process: founded by the first, joined by the others through some of those who are in it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { integerBelow, type Random, SystemClock, seededRandom } from '../../../src/base/index.ts'
import { alertBody } from './signed-events.ts'
import { SimNode } from './sim-node.ts'
import type { Line } from './slow-line.ts'

/** Nodes of one process share one disk, which each would have for itself: where there is memory to lie in, they lie in it. */
const MEMORY_DISK = '/dev/shm'
const HOUR_MS = 3_600_000
const LOOK_MS = 100
/** Nodes that join at once, so that they do not find each other only. */
const WAVE = 10
/** Of those who are in, so many are named in an invitation. */
const NAMED = 4
/** gossipsub's Dlo: below it a heartbeat takes in more. */
const MESH_MIN = 6

export interface SimNetworkOptions {
  readonly count: number
  readonly seed: number
  lineOf?(number: number): Line
  progress(text: string): void
}

export interface Arrival {
  readonly node: SimNode
  readonly id: string
  readonly atMs: number
}

export class SimNetwork {
  readonly nodes: readonly SimNode[]
  readonly #options: SimNetworkOptions
  readonly #dir = mkdtempSync(join(placeOfDatabases(), 'netminder-sim-'))
  readonly #random: Random
  readonly #clock = new SystemClock()
  #id = ''
  #alerts = 0

  constructor(options: SimNetworkOptions) {
    this.#options = options
    const { count, seed, lineOf } = options
    this.#random = seededRandom(seed)
    this.nodes = Array.from({ length: count }, (_, number) => {
      const line = lineOf?.(number)
      return new SimNode({
        name: `${seed}-${number}`,
        dir: this.#dir,
        ...(line && { line })
      })
    })
  }

  get id(): string {
    return this.#id
  }

  /** So many, chosen by the seed. */
  silence(count: number): void {
    for (const number of this.#pick(this.nodes.length, count)) this.nodes[number]?.fallSilent()
  }

  /** Until everybody knows everybody and has a mesh. */
  async form(timeoutMs: number): Promise<void> {
    const [founder, ...others] = this.nodes
    if (founder === undefined) return
    for (const node of this.nodes) await node.start()
    const { network } = await founder.node.create({ name: 'bench' })
    this.#id = network.id
    const inside = [founder]
    for (let from = 0; from < others.length; from += WAVE) {
      const wave = others.slice(from, from + WAVE)
      const named = [...inside]
      for (const node of wave) await this.#join(founder, node, named)
      inside.push(...wave)
      await until(() => wave.every(({ node }) => node.peers(network.id).length > 0), timeoutMs)
      this.#options.progress(`${inside.length} of ${this.nodes.length} nodes joined`)
    }
    await this.settled(timeoutMs)
  }

  async settled(timeoutMs: number): Promise<void> {
    const count = this.nodes.length
    const wanted = Math.min(MESH_MIN, count - 1)
    await until(
      () => this.nodes.every((node) => node.authorsOf(this.#id) === count),
      timeoutMs,
      () => `authors: ${this.nodes.map((node) => node.authorsOf(this.#id)).join(' ')}`
    )
    await until(
      () => this.nodes.every((node) => node.meshOf(this.#id) >= wanted),
      timeoutMs,
      () => `meshes: ${this.nodes.map((node) => node.meshOf(this.#id)).join(' ')}`
    )
  }

  /** @returns the id, and when it was said */
  async publish(node: SimNode): Promise<{ readonly id: string; readonly atMs: number }> {
    const atMs = performance.now()
    const body = alertBody(this.#alerts++)
    const { id } = await node.node.publish(this.#id, body, { ttlMs: HOUR_MS })
    return { id, atMs }
  }

  /** Every foreign alert, once it is on the disk of the node that took it. @returns how to stop */
  watch(onArrival: (arrival: Arrival) => void): () => void {
    const stops = this.nodes.map((node) =>
      node.node.onEvent(({ id, kind }, via) => {
        if (kind !== 'alert' || via === 'own') return
        onArrival({ node, id: Buffer.from(id).toString('hex'), atMs: performance.now() })
      })
    )
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** @throws the first thing that failed inside a node */
  requireSound(): void {
    for (const { failures } of this.nodes) if (failures.length > 0) throw failures[0]
  }

  async remove(): Promise<void> {
    await Promise.allSettled(this.nodes.map((node) => node.stop()))
    rmSync(this.#dir, { recursive: true, force: true })
  }

  async #join(founder: SimNode, node: SimNode, inside: readonly SimNode[]): Promise<void> {
    const addresses = this.#pick(inside.length, NAMED).flatMap((at) => inside[at]?.address ?? [])
    const notAfterMs = this.#clock.nowMs() + HOUR_MS
    await node.node.join(await founder.node.invite(this.#id, { notAfterMs, addresses }))
  }

  #pick(below: number, count: number): readonly number[] {
    const left = Array.from({ length: below }, (_, number) => number)
    return Array.from({ length: Math.min(count, below) }, () => {
      const [one = 0] = left.splice(integerBelow(this.#random, left.length), 1)
      return one
    })
  }
}

export function placeOfDatabases(): string {
  return existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir()
}

/** @throws if it does not come true in time */
export async function until(
  isDone: () => boolean,
  timeoutMs: number,
  describe: () => string = () => isDone.toString()
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!isDone()) {
    if (performance.now() > endMs) {
      throw new Error(`expected within ${timeoutMs / 1_000} s, got ${describe()}`)
    }
    await sleep(LOOK_MS)
  }
}
