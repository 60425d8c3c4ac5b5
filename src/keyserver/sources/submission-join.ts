/**
 * Finds out who sent an upload. Hockeypuck's log says what was stored but not for whom; the proxy's log says who sent a
 * request but not what was in it. They have the time in common (Hockeypuck's in whole seconds), the status, the path and,
 * by Hockeypuck's access line, the duration. Says how sure it is. Pure: the same live, where the two logs run some seconds
 * apart, and in a replay. Requests pass through at once; what waits is bounded in number, characters and log time.
 */
import type { EventSink, KeyserverNoticeEvent, SubmissionEvent, TrafficEvent } from '../events.ts'
import type { AccessLine } from './hockeypuck/decoder.ts'
import { LogClock } from './log-clock.ts'
import {
  attribute,
  type CarrierRequest,
  carrierOf,
  isAmbient,
  type JoinedRecord,
  needsCarrier,
  ownsAccess
} from './submission-match.ts'

export interface SubmissionJoinOptions {
  /** How far the two logs may differ about the time of one request. @default 1500 */
  readonly slackMs?: number
  /** How long a line waits for its request at most, log time. @default 8000 */
  readonly waitMs?: number
  /** How long requests are remembered, log time. @default 20 000 */
  readonly memoryMs?: number
  /** Bound of remembered requests and, apart, of lines that wait. @default 5000 */
  readonly maxEntries?: number
}

/** Everything that a restart must bring back; plain JSON. */
export interface SubmissionJoinSnapshot {
  readonly requests: readonly CarrierRequest[]
  readonly waiting: readonly JoinedRecord[]
  readonly proxyTimeMs: number
  readonly logTimeMs: number
  readonly reconAtMs: number
}

const ACCESS_WAIT_MS = 2_000
const MAX_CHARACTERS = 8 * 1024 * 1024
/** Material may come from a gossip partner as well while recon is at work. */
const RECON_WINDOW_MS = 5_000

export class SubmissionJoin {
  readonly #emit: EventSink
  readonly #slackMs: number
  readonly #waitMs: number
  readonly #memoryMs: number
  readonly #maxEntries: number
  readonly #proxyClock = new LogClock()
  readonly #clock = new LogClock()
  #requests: CarrierRequest[] = []
  #waiting: JoinedRecord[] = []
  #characters = 0
  #reconAtMs = Number.NEGATIVE_INFINITY

  constructor(options: SubmissionJoinOptions, emit: EventSink) {
    this.#emit = emit
    this.#slackMs = options.slackMs ?? 1_500
    this.#waitMs = options.waitMs ?? 8_000
    this.#memoryMs = options.memoryMs ?? 20_000
    this.#maxEntries = options.maxEntries ?? 5_000
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Takes every event of every source; gives it out at once, or joined a little later. */
  push(event: TrafficEvent): void {
    switch (event.kind) {
      case 'request': {
        this.#proxyClock.observe(event.loggedAtMs)
        this.#clock.observe(event.loggedAtMs)
        const carrier = carrierOf(event)
        if (carrier !== undefined) this.#remember(carrier)
        this.#emit(event)
        break
      }
      case 'submission':
        this.#wait(event)
        break
      case 'keyserver-notice':
        this.#clock.observe(event.loggedAtMs)
        if (needsCarrier(event)) this.#wait(event)
        else this.#emit(event)
        break
      case 'recon':
        this.#clock.observe(event.loggedAtMs)
        this.#reconAtMs = event.atMs
        this.#emit(event)
        break
      default:
        this.#clock.observe(event.loggedAtMs)
        this.#emit(event)
    }
    if (this.#waiting.length > 0) this.#resolveReady()
  }

  /** Takes every access line of Hockeypuck; it follows the lines that its request caused. */
  access(access: AccessLine): void {
    this.#clock.observe(access.loggedAtMs)
    const owner = this.#waiting.find(
      (record) => record.access === undefined && ownsAccess(record.event, access)
    )
    const isUpload = access.method === 'POST' || access.method === 'PUT'
    if (owner === undefined && !isUpload) return
    const seen = {
      atMs: access.loggedAtMs,
      status: access.status,
      durationMs: Number.isNaN(access.durationMs) ? -1 : access.durationMs,
      target: access.target
    }
    if (owner !== undefined) owner.access = seen
    if (isUpload) {
      for (const record of this.#waiting) {
        if (record.access === undefined && isAmbient(record.event)) record.access = seen
      }
    }
    this.#resolveReady()
  }

  /** @param logTimeMs newest log time known from any source, or what it would be if lines came */
  settle(logTimeMs: number): void {
    this.#clock.advanceTo(logTimeMs)
    this.#resolveReady()
  }

  flush(): void {
    for (const record of this.#waiting) this.#resolve(record)
    this.#waiting = []
    this.#characters = 0
  }

  snapshot(): SubmissionJoinSnapshot {
    return structuredClone({
      requests: this.#requests,
      waiting: this.#waiting,
      proxyTimeMs: this.#proxyClock.nowMs,
      logTimeMs: this.#clock.nowMs,
      reconAtMs: Math.max(0, this.#reconAtMs)
    })
  }

  restore(snapshot: SubmissionJoinSnapshot): void {
    const copy = structuredClone(snapshot)
    this.#requests = copy.requests.slice(-this.#maxEntries)
    this.#waiting = copy.waiting.slice(-this.#maxEntries)
    this.#characters = this.#waiting.reduce((sum, record) => sum + record.event.line.length, 0)
    this.#proxyClock.observe(copy.proxyTimeMs)
    this.#clock.observe(copy.logTimeMs)
    this.#reconAtMs = copy.reconAtMs
  }

  #remember(carrier: CarrierRequest): void {
    this.#requests.push(carrier)
    const isOld = (request: CarrierRequest) =>
      Math.abs(this.#proxyClock.nowMs - request.endMs) > this.#memoryMs
    const first = this.#requests[0]
    if (this.#requests.length > this.#maxEntries * 2 || (first !== undefined && isOld(first))) {
      this.#requests = this.#requests.filter((request) => !isOld(request)).slice(-this.#maxEntries)
    }
  }

  #wait(event: SubmissionEvent | KeyserverNoticeEvent): void {
    this.#clock.observe(event.loggedAtMs)
    this.#waiting.push({ event, access: undefined })
    this.#characters += event.line.length
    while (
      this.#waiting.length > this.#maxEntries ||
      (this.#characters > MAX_CHARACTERS && this.#waiting.length > 1)
    ) {
      const oldest = this.#waiting.shift()
      if (oldest === undefined) break
      this.#characters -= oldest.event.line.length
      this.#resolve(oldest)
    }
  }

  #resolveReady(): void {
    if (!this.#waiting.some((record) => this.#isReady(record))) return
    const still: JoinedRecord[] = []
    for (const record of this.#waiting) {
      if (this.#isReady(record)) {
        this.#characters -= record.event.line.length
        this.#resolve(record)
      } else still.push(record)
    }
    this.#waiting = still
  }

  /** Every request that could have carried it must have been seen by now. */
  #isReady(record: JoinedRecord): boolean {
    const atMs = record.access?.atMs ?? record.event.atMs
    const passedMs = this.#clock.nowMs - atMs
    if (passedMs > this.#waitMs || passedMs < -this.#waitMs) return true
    if (record.access === undefined && passedMs < ACCESS_WAIT_MS) return false
    // Hockeypuck's second is cut off: the line was written up to one second later.
    return this.#proxyClock.nowMs > atMs + 1_000 + this.#slackMs
  }

  #resolve(record: JoinedRecord): void {
    const hasRecon = Math.abs(record.event.atMs - this.#reconAtMs) <= RECON_WINDOW_MS
    const joined = attribute(record, this.#requests, { slackMs: this.#slackMs, hasRecon })
    const knownAtMs = Math.min(this.#clock.nowMs, record.event.loggedAtMs + this.#waitMs)
    this.#emit({ ...joined, loggedAtMs: Math.max(joined.loggedAtMs, knownAtMs) })
  }
}
