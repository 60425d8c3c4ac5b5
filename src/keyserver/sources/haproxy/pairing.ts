/**
 * Brings the two lines of a request together (A from `fe_http_handler`, B from `fe_hockeypuck_ddos_lb`). They share address
 * and port; B is mostly written first; a kept connection has many pairs one after the other and HTTP/2 several at once, so
 * among the lines of one connection time and target decide. Decides nothing about what a request was.
 *
 * Everything that waits is bounded in number, in characters and in log time. A line whose partner did not come in time is
 * given out alone and leaves a mark, so that a partner that comes later still is not taken for another request.
 */
import { LogClock } from '../log-clock.ts'
import type { HaproxyLine } from './line.ts'

export interface PairingLimits {
  /** Lines that wait, and marks that are kept. @default 8192 */
  readonly maxLines: number
  /** Characters of the lines that wait. @default 8 Mi */
  readonly maxCharacters: number
  /** How long A waits for B, ms of log time. B may stand in its tarpit for 15 s after a client left A. @default 20 000 */
  readonly frontWaitMs: number
  /** How long B waits for A, ms of log time: as long as a slow client takes to fetch its answer. @default 60 000 */
  readonly backWaitMs: number
}

export const PAIRING_LIMITS: PairingLimits = {
  maxLines: 8_192,
  maxCharacters: 8 * 1024 * 1024,
  frontWaitMs: 20_000,
  backWaitMs: 60_000
}

/** `knownAtMs` is the log time at which the pair was complete, or the wait was given up. */
export type PairSink = (
  front: HaproxyLine | undefined,
  back: HaproxyLine | undefined,
  knownAtMs: number
) => void

/** HAProxy's time stands still while it works off one batch of events; both lines round. */
const CLOCK_SLACK_MS = 1_500
/** After so many lines of one kind without a single partner, the log has only this kind. */
const LONELY_LINES = 64
const OTHER_TARGET_COST = 5_000
const OTHER_STATUS_COST = 1_000
const MARK_COST = 100
const MARK_LIFETIME_MS = 600_000

const ALIASES = ['/stats', '/s/', '/search/', '/g/', '/get/', '/d/', '/download/']

interface Waiting {
  readonly line: HaproxyLine
  /** Given out alone already; only keeps a late partner from being counted as another request. */
  isMark: boolean
  next: Waiting | undefined
}

export class PairingTable {
  readonly #limits: PairingLimits
  readonly #onPair: PairSink
  readonly #byKey = new Map<string, Waiting>()
  /** Insertion order is age. */
  readonly #fronts = new Set<Waiting>()
  readonly #backs = new Set<Waiting>()
  readonly #marks = new Set<Waiting>()
  #characters = 0
  readonly #clock = new LogClock()
  #lonelyFronts = 0
  #lonelyBacks = 0
  #latePartners = 0

  constructor(onPair: PairSink, limits: Partial<PairingLimits> = {}) {
    this.#onPair = onPair
    this.#limits = { ...PAIRING_LIMITS, ...limits }
  }

  get newestMs(): number {
    return this.#clock.nowMs
  }

  /** Lines whose partner had been given out alone before they came. */
  get latePartners(): number {
    return this.#latePartners
  }

  get size(): number {
    return this.#fronts.size + this.#backs.size
  }

  /** Tells the time without adding a line. */
  observe(logTimeMs: number): void {
    this.#clock.observe(logTimeMs)
  }

  add(line: HaproxyLine): void {
    this.observe(line.endMs)
    const isFront = line.role === 'front'
    const partner = this.#findPartner(line, isFront)
    if (partner === undefined) {
      this.#keep(line, isFront)
    } else {
      this.#remove(partner)
      if (isFront) this.#lonelyBacks = 0
      else this.#lonelyFronts = 0
      if (partner.isMark) {
        this.#latePartners++
      } else {
        const front = isFront ? line : partner.line
        const back = isFront ? partner.line : line
        this.#onPair(front, back, Math.max(front.endMs, back.endMs))
      }
    }
    if (this.#fronts.size + this.#backs.size + this.#marks.size > 0) {
      this.#giveUpOld(this.#clock.nowMs)
    }
  }

  /**
   * Gives up what would be too old at this time. The log's own time stays where lines have brought it: it is only guessed here,
   * and lines that a writer held back longer than they may wait would else find themselves too old as they come.
   */
  settle(logTimeMs: number): void {
    this.#giveUpOld(Math.max(this.#clock.nowMs, logTimeMs))
  }

  flush(): void {
    for (const waiting of this.#inOrder()) this.#giveUp(waiting, this.#clock.nowMs)
    for (const mark of [...this.#marks]) this.#remove(mark)
  }

  pendingLines(): string[] {
    return this.#inOrder().map((waiting) => waiting.line.line)
  }

  #inOrder(): Waiting[] {
    return [...this.#fronts, ...this.#backs].sort((a, b) => a.line.endMs - b.line.endMs)
  }

  #keep(line: HaproxyLine, isFront: boolean): void {
    const waiting: Waiting = { line, isMark: false, next: this.#byKey.get(line.key) }
    this.#byKey.set(line.key, waiting)
    this.#characters += line.line.length
    const lonely = isFront ? ++this.#lonelyFronts : ++this.#lonelyBacks
    if (isFront) this.#fronts.add(waiting)
    else this.#backs.add(waiting)
    if (lonely > LONELY_LINES && (isFront ? this.#backs : this.#fronts).size === 0) {
      this.#giveUp(waiting, this.#clock.nowMs)
    }
  }

  #giveUpOld(nowMs: number): void {
    for (const waiting of this.#fronts) {
      if (!this.#isOver(waiting, this.#limits.frontWaitMs, nowMs)) break
      this.#giveUp(waiting, nowMs)
    }
    for (const waiting of this.#backs) {
      if (!this.#isOver(waiting, this.#limits.backWaitMs, nowMs)) break
      this.#giveUp(waiting, nowMs)
    }
    for (const mark of this.#marks) {
      const isYoung = Math.abs(nowMs - mark.line.endMs) <= MARK_LIFETIME_MS
      if (isYoung && this.#marks.size <= this.#limits.maxLines) break
      this.#remove(mark)
    }
  }

  /** A time far ahead of the newest is as old as one far behind: the clock was set back after it. */
  #isOver(waiting: Waiting, waitMs: number, nowMs: number): boolean {
    return (
      Math.abs(nowMs - waiting.line.endMs) > waitMs ||
      this.size > this.#limits.maxLines ||
      this.#characters > this.#limits.maxCharacters
    )
  }

  #giveUp(waiting: Waiting, nowMs: number): void {
    const { line } = waiting
    this.#fronts.delete(waiting)
    this.#backs.delete(waiting)
    this.#characters -= line.line.length
    const waitMs = line.role === 'front' ? this.#limits.frontWaitMs : this.#limits.backWaitMs
    const knownAtMs = Math.min(Math.max(line.endMs, nowMs), line.endMs + waitMs)
    if (line.role === 'front') this.#onPair(line, undefined, knownAtMs)
    else this.#onPair(undefined, line, knownAtMs)
    waiting.isMark = true
    this.#marks.add(waiting)
    // The map's own key is a part of the line and would keep it in memory.
    const head = this.#byKey.get(line.key)
    this.#byKey.delete(line.key)
    line.forget()
    if (head !== undefined) this.#byKey.set(line.key, head)
  }

  #remove(waiting: Waiting): void {
    if (waiting.isMark) this.#marks.delete(waiting)
    else {
      this.#characters -= waiting.line.line.length
      if (!this.#fronts.delete(waiting)) this.#backs.delete(waiting)
    }
    const { key } = waiting.line
    const head = this.#byKey.get(key)
    if (head === waiting) {
      if (waiting.next === undefined) this.#byKey.delete(key)
      else this.#byKey.set(key, waiting.next)
      return
    }
    for (let at = head; at !== undefined; at = at.next) {
      if (at.next === waiting) at.next = waiting.next
    }
  }

  #findPartner(line: HaproxyLine, isFront: boolean): Waiting | undefined {
    let best: Waiting | undefined
    let bestCost = Number.POSITIVE_INFINITY
    for (let at = this.#byKey.get(line.key); at !== undefined; at = at.next) {
      if ((at.line.role === 'front') === isFront) continue
      const cost = isFront ? pairCost(line, at.line) : pairCost(at.line, line)
      if (cost + (at.isMark ? MARK_COST : 0) >= bestCost) continue
      best = at
      bestCost = cost
    }
    return best
  }
}

/** How unlike the two lines are, in milliseconds; infinite if they cannot be one request. */
function pairCost(front: HaproxyLine, back: HaproxyLine): number {
  if (back.startMs < front.startMs - CLOCK_SLACK_MS) return Number.POSITIVE_INFINITY
  if (back.startMs > front.endMs + CLOCK_SLACK_MS) return Number.POSITIVE_INFINITY
  let cost = Math.abs(back.startMs - front.arrivalMs)
  if (front.line === '' || back.line === '') return cost
  const asked = front.request()
  const served = back.request()
  if (asked.method !== served.method) return Number.POSITIVE_INFINITY
  if (!isSameTarget(asked.target, served.target, front.isCut || back.isCut)) {
    // Requests of one HTTP/1 connection never overlap; those of HTTP/2 do, and then only the target tells them apart.
    if (asked.httpVersion.startsWith('2')) return Number.POSITIVE_INFINITY
    cost += OTHER_TARGET_COST
  }
  if (front.status !== back.status && front.status >= 0) cost += OTHER_STATUS_COST
  return cost
}

function isSameTarget(asked: string, served: string, isCut: boolean): boolean {
  if (asked === served) return true
  if (isCut && (asked.startsWith(served) || served.startsWith(asked))) return true
  for (const alias of ALIASES) {
    if (!asked.startsWith(alias)) continue
    return (
      served.startsWith('/pks/lookup?op=') && (isCut || served.includes(asked.slice(alias.length)))
    )
  }
  return false
}
