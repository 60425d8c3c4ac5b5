/**
 * The decisions in force: by id, by value, by what they cover and by when they end. Decides nothing; every question costs about
 * as much with a million of them as with ten.
 */
import { type AddressText, findAddress, neighbourhoodOf, type PrefixText } from '../base/index.ts'
import { VERDICT_LEVELS } from '../detection/index.ts'
import { BlocklistIndex } from './blocklist-index.ts'
import type { Decision, DecisionType } from './decision.ts'
import { EndQueue } from './end-queue.ts'

/** Entries of the queue that may be out of date before it is made anew. */
const STALE_ENDS_MAX = 1_024

/** What is acted on for one address: itself, or its /64. What is no address stays as it is: the never-block rules refuse it. */
export function prefixOfAddress(address: AddressText): PrefixText {
  if (!address.includes(':')) return `${address}/32`
  const canonical = findAddress(address)
  if (canonical === undefined) return address
  return canonical.includes(':') ? neighbourhoodOf(canonical) : `${canonical}/32`
}

/** Severity of a type of decision; the higher the more severe. */
export function rankOf(type: DecisionType): number {
  return VERDICT_LEVELS.indexOf(type)
}

export class StandingTable {
  readonly #byId = new Map<string, Decision>()
  readonly #idByValue = new Map<string, string>()
  readonly #index = new BlocklistIndex()
  /** The index knows decisions by small numbers, which are given out again. */
  readonly #handles = new Map<string, number>()
  readonly #ids: string[] = []
  readonly #freeHandles: number[] = []
  readonly #ends = new EndQueue()

  get size(): number {
    return this.#byId.size
  }

  /** No decision ends before this; infinity if there is none. */
  get nextEndMs(): number {
    return this.#ends.nextMs
  }

  all(): IterableIterator<Decision> {
    return this.#byId.values()
  }

  find(id: string): Decision | undefined {
    return this.#byId.get(id)
  }

  /** The newest decision about an address, prefix or swarm. */
  findByValue(value: string): Decision | undefined {
    return this.#byId.get(this.#idByValue.get(value) ?? '')
  }

  /** Puts a decision in force, or takes over what changed about it. */
  put(decision: Decision): void {
    const { id, prefixes, untilMs } = decision
    const before = this.#byId.get(id)
    this.#byId.set(id, decision)
    this.#idByValue.set(decision.value, id)
    const handle = this.#handleOf(id)
    const isGrown = before !== undefined && startsWith(prefixes, before.prefixes)
    if (before !== undefined && !isGrown) this.#uncover(before.prefixes, handle)
    for (let at = isGrown ? before.prefixes.length : 0; at < prefixes.length; at++) {
      // The end is that of the decision: a swarm whose end moves on must not be written anew as a whole.
      this.#index.add({ prefix: prefixes[at] ?? '', untilMs: Number.POSITIVE_INFINITY, handle })
    }
    if (before?.untilMs !== untilMs) this.#ends.push({ untilMs, id })
    if (this.#ends.size > 2 * this.#byId.size + STALE_ENDS_MAX) this.#rebuildEnds()
  }

  remove(id: string): void {
    const decision = this.#byId.get(id)
    const handle = this.#handles.get(id)
    if (decision === undefined || handle === undefined) return
    this.#byId.delete(id)
    if (this.#idByValue.get(decision.value) === id) this.#idByValue.delete(decision.value)
    this.#uncover(decision.prefixes, handle)
    this.#handles.delete(id)
    this.#freeHandles.push(handle)
  }

  /** Takes the decision that ended first by then out of the queue, not out of force; undefined if none has. */
  popEnded(nowMs: number): Decision | undefined {
    while (this.#ends.nextMs <= nowMs) {
      const entry = this.#ends.pop()
      const decision = this.#byId.get(entry?.id ?? '')
      if (decision !== undefined && decision.untilMs === entry?.untilMs) return decision
    }
    return undefined
  }

  /**
   * The most severe throttle or ban that is applied to the address and that stood and had not ended at this time; among equals the
   * one that stands longest.
   */
  findApplied(address: AddressText, atMs: number): Decision | undefined {
    let strongest: Decision | undefined
    for (const handle of this.#index.covering(address, atMs)) {
      const decision = this.#byId.get(this.#ids[handle] ?? '')
      if (decision === undefined || decision.mode !== 'enforce' || decision.type === 'watch')
        continue
      if (decision.createdAtMs > atMs || decision.untilMs <= atMs) continue
      if (strongest === undefined || isStronger(decision, strongest)) strongest = decision
    }
    return strongest
  }

  /** Whether this decision covers just this prefix. */
  covers(id: string, prefix: PrefixText): boolean {
    const handle = this.#handles.get(id)
    return handle !== undefined && this.#index.has(prefix, handle)
  }

  /** Decisions that cover a part of the prefix or all of it, watches included. */
  overlapping(prefix: PrefixText): ReadonlySet<Decision> {
    const found = new Set<Decision>()
    for (const handle of this.#index.overlapping(prefix)) {
      const decision = this.#byId.get(this.#ids[handle] ?? '')
      if (decision !== undefined) found.add(decision)
    }
    return found
  }

  #handleOf(id: string): number {
    const known = this.#handles.get(id)
    if (known !== undefined) return known
    const handle = this.#freeHandles.pop() ?? this.#ids.length
    this.#handles.set(id, handle)
    this.#ids[handle] = id
    return handle
  }

  #uncover(prefixes: readonly PrefixText[], handle: number): void {
    for (const prefix of prefixes) this.#index.remove(prefix, handle)
  }

  #rebuildEnds(): void {
    this.#ends.clear()
    for (const { untilMs, id } of this.#byId.values()) this.#ends.push({ untilMs, id })
  }
}

function startsWith(list: readonly string[], start: readonly string[]): boolean {
  return list.length >= start.length && start.every((text, at) => list[at] === text)
}

function isStronger(decision: Decision, other: Decision): boolean {
  const difference = rankOf(decision.type) - rankOf(other.type)
  if (difference !== 0) return difference > 0
  if (decision.createdAtMs !== other.createdAtMs) return decision.createdAtMs < other.createdAtMs
  return decision.id < other.id
}
