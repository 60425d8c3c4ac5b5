/**
 * The newest predictions and counts over all of them since the start: what was asked, by which model it was answered, and when the
 * rules had to answer. In memory; what led to a decision is kept with the decision.
 */
export interface PredictionRecord {
  /** 1, 2, 3 … since the start. */
  readonly sequence: number
  readonly atMs: number
  readonly task: string
  /** Undefined: the rules answered. */
  readonly model: string | undefined
  /** Whom it is about, where that is known. */
  readonly clientIp: string | undefined
  readonly score: number | undefined
  readonly verdict: string | undefined
  /** Why the rules answered; undefined: they did not. */
  readonly fallbackReason: string | undefined
  /** A request to the API, or the traffic itself. */
  readonly via: 'api' | 'traffic'
}

export interface HourOfPredictions {
  readonly hourMs: number
  readonly predictions: number
  /** Those that were slowed down or banned. */
  readonly flagged: number
  readonly scoreSum: number
}

export interface ModelCounts {
  readonly predictions: number
  readonly fallbacks: number
  readonly scoreSum: number
  readonly byVerdict: Readonly<Record<string, number>>
}

const REMEMBERED = 10_000
const HOURS = 24
const HOUR_MS = 3_600_000
/** Models and verdicts counted; a name comes from a manifest, and manifests are many over the years. */
const MODELS_MAX = 64
const FLAGGED = new Set(['throttle', 'ban'])
/** Name under which the answers of the rules are counted. */
const RULES = 'rules'

interface MutableCounts {
  predictions: number
  fallbacks: number
  scoreSum: number
  readonly byVerdict: Record<string, number>
}

export class PredictionLog {
  readonly #ring: (PredictionRecord | undefined)[] = new Array(REMEMBERED)
  readonly #byModel = new Map<string, MutableCounts>()
  #hours: { hourMs: number; predictions: number; flagged: number; scoreSum: number }[] = []
  #sequence = 0

  add(entry: Omit<PredictionRecord, 'sequence'>): void {
    const record = { ...entry, sequence: ++this.#sequence }
    this.#ring[record.sequence % REMEMBERED] = record
    this.count(record, 1, record.score ?? 0)
  }

  /** Many at once, of which only the number is remembered. */
  count(
    { atMs, model, verdict, fallbackReason }: Omit<PredictionRecord, 'sequence'>,
    predictions: number,
    scoreSum: number
  ): void {
    const counts = this.#countsOf(model ?? RULES)
    counts.predictions += predictions
    counts.scoreSum += scoreSum
    if (fallbackReason !== undefined) counts.fallbacks += predictions
    if (verdict !== undefined) {
      counts.byVerdict[verdict] = (counts.byVerdict[verdict] ?? 0) + predictions
    }
    const hour = this.#hourOf(atMs)
    hour.predictions += predictions
    hour.scoreSum += scoreSum
    if (FLAGGED.has(verdict ?? '')) hour.flagged += predictions
  }

  get total(): number {
    let total = 0
    for (const { predictions } of this.#byModel.values()) total += predictions
    return total
  }

  /** Newest first, from before `beforeSequence`. */
  list({
    limit,
    beforeSequence = this.#sequence + 1,
    matches = () => true
  }: {
    readonly limit: number
    readonly beforeSequence?: number | undefined
    readonly matches?: (record: PredictionRecord) => boolean
  }): readonly PredictionRecord[] {
    const found: PredictionRecord[] = []
    const oldest = Math.max(1, this.#sequence - REMEMBERED + 1)
    const newest = Math.min(beforeSequence - 1, this.#sequence)
    for (let sequence = newest; sequence >= oldest && found.length < limit; sequence--) {
      const record = this.#ring[sequence % REMEMBERED]
      if (record !== undefined && matches(record)) found.push(record)
    }
    return found
  }

  /** Of one model since the start, by its id; of the rules under `rules`. */
  countsOf(model: string): ModelCounts {
    const none = { predictions: 0, fallbacks: 0, scoreSum: 0, byVerdict: {} }
    return this.#byModel.get(model) ?? none
  }

  /** Of all models and the rules. */
  totals(): ModelCounts {
    const byVerdict: Record<string, number> = {}
    let [predictions, fallbacks, scoreSum] = [0, 0, 0]
    for (const counts of this.#byModel.values()) {
      predictions += counts.predictions
      fallbacks += counts.fallbacks
      scoreSum += counts.scoreSum
      for (const [verdict, count] of Object.entries(counts.byVerdict)) {
        byVerdict[verdict] = (byVerdict[verdict] ?? 0) + count
      }
    }
    return { predictions, fallbacks, scoreSum, byVerdict }
  }

  /** The last 24 hours in which something was predicted, oldest first. */
  hours(): readonly HourOfPredictions[] {
    return this.#hours
  }

  #countsOf(model: string): MutableCounts {
    const known = this.#byModel.get(model)
    if (known !== undefined) return known
    const counts = { predictions: 0, fallbacks: 0, scoreSum: 0, byVerdict: {} }
    if (this.#byModel.size >= MODELS_MAX) {
      const [oldest] = this.#byModel.keys()
      if (oldest !== undefined) this.#byModel.delete(oldest)
    }
    this.#byModel.set(model, counts)
    return counts
  }

  #hourOf(atMs: number) {
    const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS
    const known = this.#hours.find((hour) => hour.hourMs === hourMs)
    if (known !== undefined) return known
    const hour = { hourMs, predictions: 0, flagged: 0, scoreSum: 0 }
    this.#hours = [...this.#hours, hour].sort((a, b) => a.hourMs - b.hourMs).slice(-HOURS)
    return hour
  }
}
