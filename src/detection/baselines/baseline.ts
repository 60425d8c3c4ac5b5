/**
 * The frame of a frozen baseline: a plug-in that stands in the request's way and refuses it or lets it pass. It decides alone
 * what it refuses and for how long; nothing that stands at the guard changes its mind.
 */
import { hash } from 'node:crypto'
import { type AddressText, LruMap, seededRandom } from '../../base/index.ts'
import type { RequestEvent, TrafficEvent } from '../../keyserver/index.ts'
import { DetectionError } from '../errors.ts'
import type { Category, Policy, Reason, Verdict } from '../verdict.ts'
import { hasReachedKeyserver, type PluginRequest, readPluginRequest } from './plugin-request.ts'

export interface Refusal {
  readonly score: number
  readonly category: Category
  readonly reason: Reason
  /** 0: this request only. */
  readonly holdMs: number
}

/** What one plug-in does. `Client` is what it remembers of one client: plain data with a bound. */
export interface BaselineDefinition<Client> {
  readonly name: string
  /** Which part of `X-Forwarded-For` it takes for the client's address (contract §3.4). */
  readonly clientKey: 'first-element' | 'whole-header'
  createClient(atMs: number): Client
  /** `noise` is uniform in [−0.05, 0.05). */
  judge(client: Client, request: PluginRequest, now: Moment): Refusal | undefined
}

export interface Moment {
  readonly atMs: number
  readonly noise: () => number
}

export interface BaselineOptions {
  /** Clients remembered; the plug-ins have no bound. @default 200000 */
  readonly sourcesMax?: number
  /** Of the noise in the scores. @default 1 */
  readonly seed?: number
}

interface Known<Client> {
  client: Client
  /** A plug-in sees arrivals; a log's lines come in the order of their ends. Its clock never goes back. */
  lastAtMs: number
  blockedUntilMs: number
  blocked: Refusal | undefined
}

interface BaselineState<Client> {
  readonly version: number
  readonly name: string
  readonly seed: number
  readonly draws: number
  readonly clients: ReadonlyMap<string, Known<Client>>
}

const STATE_VERSION = 1
const SOURCES_MAX = 200_000
/** 2^32 divided by the golden ratio: spreads consecutive numbers over all 32 bits. */
const SPREAD = 0x9e3779b1

export class Baseline<Client> implements Policy {
  readonly #definition: BaselineDefinition<Client>
  readonly #sourcesMax: number
  #clients: LruMap<string, Known<Client>>
  #seed: number
  #draws = 0

  constructor(definition: BaselineDefinition<Client>, options: BaselineOptions = {}) {
    this.#definition = definition
    this.#sourcesMax = options.sourcesMax ?? SOURCES_MAX
    this.#seed = options.seed ?? 1
    this.#clients = new LruMap(this.#sourcesMax)
  }

  get name(): string {
    return this.#definition.name
  }

  observe(event: TrafficEvent): readonly Verdict[] {
    if (event.kind !== 'request' || !hasReachedKeyserver(event)) return []
    const known = this.#find(event)
    known.lastAtMs = Math.max(known.lastAtMs, event.atMs)
    const atMs = known.lastAtMs
    if (known.blocked !== undefined && atMs < known.blockedUntilMs) {
      return [refuse(event, { ...known.blocked, holdMs: known.blockedUntilMs - atMs })]
    }
    known.blocked = undefined
    const moment = { atMs, noise: () => this.#noise() }
    const refusal = this.#definition.judge(known.client, readPluginRequest(event), moment)
    if (refusal === undefined) return []
    if (refusal.holdMs > 0) {
      known.blocked = refusal
      known.blockedUntilMs = atMs + refusal.holdMs
    }
    return [refuse(event, refusal)]
  }

  snapshot(): unknown {
    const state: BaselineState<Client> = {
      version: STATE_VERSION,
      name: this.name,
      seed: this.#seed,
      draws: this.#draws,
      clients: new Map(this.#clients.entries())
    }
    return state
  }

  restore(snapshot: unknown): void {
    const state = snapshot as BaselineState<Client> | undefined
    if (state?.version !== STATE_VERSION || state.name !== this.name) {
      throw new DetectionError(
        'DETECTION_STATE_INVALID',
        `expected state of ${this.name}, version ${STATE_VERSION}, got ${String(state?.name)}, version ${String(state?.version)}`
      )
    }
    this.#seed = state.seed
    this.#draws = state.draws
    this.#clients = new LruMap(this.#sourcesMax)
    for (const [key, known] of state.clients) this.#clients.set(key, known)
  }

  #find(event: RequestEvent): Known<Client> {
    const key = keyOf(event, this.#definition.clientKey)
    const found = this.#clients.get(key)
    if (found !== undefined) return found
    const known = {
      client: this.#definition.createClient(event.atMs),
      lastAtMs: event.atMs,
      blockedUntilMs: 0,
      blocked: undefined
    }
    this.#clients.set(key, known)
    return known
  }

  /** Drawn by number, so that a snapshot needs no more than how many were drawn. */
  #noise(): number {
    this.#draws++
    return (seededRandom(this.#seed + Math.imul(this.#draws, SPREAD)).next() - 0.5) * 0.1
  }
}

/**
 * HAProxy adds the true address as a further line of `X-Forwarded-For`; the plug-ins read the first line, so a client that
 * brings one of its own is taken at its word (contract §1.2, §3.4).
 */
function keyOf(event: RequestEvent, part: 'first-element' | 'whole-header'): AddressText {
  if (event.forwardedFor === '') return event.source
  return part === 'whole-header'
    ? event.forwardedFor
    : (event.forwardedFor.split(',', 1)[0] ?? '').trim()
}

/** A refusal that lasts is a ban; one of this request alone, a throttle. */
export function refuse(event: RequestEvent, refusal: Refusal): Verdict {
  return {
    atMs: event.atMs,
    scope: 'address',
    value: event.source,
    members: [],
    level: refusal.holdMs > 0 ? 'ban' : 'throttle',
    category: refusal.category,
    score: refusal.score,
    reasons: [refusal.reason],
    lineHashes: [hash('sha256', event.line, 'hex').slice(0, 16)],
    holdMs: refusal.holdMs
  }
}
