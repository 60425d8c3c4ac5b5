/** The stick tables of the stock configuration (contract §2.1), with HAProxy's own sliding windows. */
import type { AddressText } from '../../../src/base/index.ts'

/** HAProxy's frequency counter: this period, and the last one by the share of it that the window still covers. */
class RateCounter {
  readonly #periodMs: number
  #startMs = 0
  #current = 0
  #previous = 0

  constructor(periodMs: number) {
    this.#periodMs = periodMs
  }

  add(nowMs: number): void {
    this.#turn(nowMs)
    this.#current++
  }

  read(nowMs: number): number {
    this.#turn(nowMs)
    const share = 1 - (nowMs - this.#startMs) / this.#periodMs
    return this.#current + Math.floor(this.#previous * Math.min(1, Math.max(0, share)))
  }

  #turn(nowMs: number): void {
    const passed = nowMs - this.#startMs
    if (passed < this.#periodMs) return
    this.#previous = passed < 2 * this.#periodMs ? this.#current : 0
    this.#current = 0
    this.#startMs = passed < 2 * this.#periodMs ? this.#startMs + this.#periodMs : nowMs
  }
}

export class TrackedClient {
  readonly connections = new RateCounter(10_000)
  readonly requests = new RateCounter(10_000)
  readonly errors = new RateCounter(300_000)
  lastMs = 0
  #openUntilMs: number[] = []

  open(nowMs: number, endMs: number): void {
    this.#openUntilMs = this.#openUntilMs.filter((end) => end > nowMs)
    this.#openUntilMs.push(endMs)
  }

  openCount(nowMs: number): number {
    let count = 0
    for (const end of this.#openUntilMs) if (end > nowMs) count++
    return count
  }
}

const GLOBAL_EXPIRE_MS = 300_000
const SWEEP_MS = 60_000

/** `st_global_ddos`: five minutes after its last request a client is forgotten. */
export class GlobalTable {
  readonly #clients = new Map<AddressText, TrackedClient>()
  #sweptMs = 0

  get size(): number {
    return this.#clients.size
  }

  track(source: AddressText, nowMs: number): TrackedClient {
    this.#sweep(nowMs)
    let client = this.#clients.get(source)
    if (client === undefined || nowMs - client.lastMs > GLOBAL_EXPIRE_MS) {
      client = new TrackedClient()
      this.#clients.set(source, client)
    }
    client.lastMs = nowMs
    return client
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return
    this.#sweptMs = nowMs
    for (const [source, client] of this.#clients) {
      if (nowMs - client.lastMs > GLOBAL_EXPIRE_MS) this.#clients.delete(source)
    }
  }
}

/** `st_info_crawler`, `st_tor_24h_ban` and `st_tor_24days_ban`: a general counter that runs out after its last change. */
export class CounterTable<Key> {
  readonly #expireMs: number
  readonly #counters = new Map<Key, { count: number; untilMs: number }>()

  constructor(expireMs: number) {
    this.#expireMs = expireMs
  }

  read(key: Key, nowMs: number): number {
    const counter = this.#counters.get(key)
    return counter === undefined || counter.untilMs < nowMs ? 0 : counter.count
  }

  add(key: Key, nowMs: number): void {
    this.#counters.set(key, { count: this.read(key, nowMs) + 1, untilMs: nowMs + this.#expireMs })
  }

  /** Every tracked request keeps the entry. */
  touch(key: Key, nowMs: number): void {
    const counter = this.#counters.get(key)
    if (counter !== undefined && counter.untilMs >= nowMs) counter.untilMs = nowMs + this.#expireMs
  }
}
