/**
 * Keeps what the node saw of sources when it judged them. On the way of a log line it only copies numbers into a bounded queue;
 * they are packed and stored in batches a moment later. What there is no room for is dropped and counted: a judgement never waits.
 */
import {
  type AddressText,
  type Clock,
  type Component,
  LruMap,
  messageOf,
  sourceKeyOf
} from '../base/index.ts'
import {
  FEATURE_SET_VERSION,
  FEATURES,
  type FeatureContext,
  type JudgementKeeper,
  type RuleHit,
  readFeatures,
  type SourceSession,
  type VerdictLevel
} from '../detection/index.ts'
import { packRow } from './feature-codec.ts'
import type { FeatureRowStore } from './ports.ts'
import { RowBudget } from './row-budget.ts'
import { isSampledMoment } from './sampled-moment.ts'

/** `budget`: more than an hour may bring. `queue`: more than can be written at once. `store`: writing failed. */
export const ROW_LOSSES = ['budget', 'queue', 'store'] as const
export type RowLoss = (typeof ROW_LOSSES)[number]

/** Hard evidence of rules against a source, and the time that it is about. */
export interface Evidence {
  readonly source: AddressText
  readonly fromMs: number
  readonly toMs: number
  readonly rule: string
}

export interface RowKeeperOptions {
  /** Rows in the store at most: a twenty-fourth of them may come in an hour, so that they always reach back a day. */
  readonly rowsMax: number
  /** False: only evidence is passed on. */
  readonly keepsRows: boolean
}

export interface RowKeeperPorts {
  readonly rows: Pick<FeatureRowStore, 'append'>
  /** Takes the evidence of a batch. */
  readonly onEvidence: (evidence: readonly Evidence[]) => void
  readonly onKept: (count: number) => void
  readonly onLost: (why: RowLoss, count: number) => void
  readonly clock: Clock
  readonly log: { warn(fields: Readonly<Record<string, unknown>>, message: string): void }
}

interface WaitingRow {
  readonly atMs: number
  readonly source: AddressText
  readonly requests: number
  readonly values: Float32Array
  readonly level: VerdictLevel
  readonly score: number | undefined
}

const FLUSH_MS = 250
/** Keeping one costs some 20 µs in all, storing these 2 ms: at most 1 % of a core, however much comes. */
const QUEUE_MAX = 128
const BURST = 2_000
const HOURS_KEPT_MIN = 24
/** What it did before its deed is part of it. */
const EVIDENCE_BEFORE_MS = 600_000
/** In one batch: of a swarm it is enough. */
const EVIDENCE_MAX = 200

export class RowKeeper implements JudgementKeeper, Component {
  readonly name = 'feature-rows'
  readonly #ports: RowKeeperPorts
  readonly #keepsRows: boolean
  readonly #budget: RowBudget
  readonly #buffer = new Float64Array(FEATURES.length)
  readonly #waiting: WaitingRow[] = []
  readonly #evidence = new LruMap<AddressText, Evidence>(EVIDENCE_MAX)
  #taken: Omit<WaitingRow, 'level' | 'score'> | undefined
  #hasEvidence = false
  #isFailing = false
  #stopped = new AbortController()

  constructor(options: RowKeeperOptions, ports: RowKeeperPorts) {
    this.#ports = ports
    this.#keepsRows = options.keepsRows
    const rowsPerHour = options.rowsMax / HOURS_KEPT_MIN
    this.#budget = new RowBudget({ rowsPerHour, burst: Math.min(BURST, options.rowsMax) })
  }

  start(): Promise<void> {
    this.#stopped = new AbortController()
    this.#ports.clock.every(FLUSH_MS, () => this.flush(), this.#stopped.signal)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped.abort()
    this.flush()
    return Promise.resolve()
  }

  wants(session: SourceSession, hits: readonly RuleHit[], isRequest: boolean): boolean {
    if (hits.length > 0) this.#noteEvidence(session, hits)
    if (!this.#keepsRows || !isRequest || !isSampledMoment(session.requests)) return false
    if (this.#waiting.length >= QUEUE_MAX) {
      this.#ports.onLost('queue', 1)
      return false
    }
    if (this.#budget.take(session.lastAtMs)) return true
    this.#ports.onLost('budget', 1)
    return false
  }

  take(context: FeatureContext): void {
    const { session, atMs } = context
    readFeatures(context, this.#buffer)
    const values = Float32Array.from(this.#buffer)
    this.#taken = { atMs, source: session.source, requests: session.requests, values }
  }

  conclude(level: VerdictLevel, score: number | undefined): void {
    if (this.#taken !== undefined) this.#waiting.push({ ...this.#taken, level, score })
    this.#taken = undefined
  }

  /** Stores what waits. Never throws. */
  flush(): void {
    const rows = this.#waiting.splice(0)
    const { onKept, onLost, onEvidence } = this.#ports
    if (rows.length > 0) {
      const isKept = this.#attempt(() => this.#ports.rows.append(rows.map(rowOf)))
      if (isKept) onKept(rows.length)
      else onLost('store', rows.length)
    }
    if (this.#hasEvidence) this.#attempt(() => onEvidence(this.#takeEvidence()))
  }

  #attempt(work: () => void): boolean {
    try {
      work()
      this.#isFailing = false
      return true
    } catch (error) {
      const { log } = this.#ports
      if (!this.#isFailing) log.warn({ reason: messageOf(error) }, 'could not keep features')
      this.#isFailing = true
      return false
    }
  }

  #noteEvidence(session: SourceSession, hits: readonly RuleHit[]): void {
    const hard = hits.find(({ isHard, level }) => isHard && level === 'ban')
    if (hard === undefined) return
    const { source, firstAtMs, lastAtMs } = session
    const known = this.#evidence.get(source)
    const fromMs = known?.fromMs ?? Math.max(firstAtMs, lastAtMs - EVIDENCE_BEFORE_MS)
    this.#evidence.set(source, { source, fromMs, toMs: lastAtMs, rule: hard.reason.rule })
    this.#hasEvidence = true
  }

  #takeEvidence(): readonly Evidence[] {
    this.#hasEvidence = false
    const taken = [...this.#evidence.entries()].map(([, evidence]) => evidence)
    this.#evidence.clear()
    return taken
  }
}

function rowOf({ source, values, ...rest }: WaitingRow) {
  return {
    ...rest,
    source: sourceKeyOf(source),
    featureSetVersion: FEATURE_SET_VERSION,
    packed: packRow(values)
  }
}
