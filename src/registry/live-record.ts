/**
 * What came of models on live traffic since the start: how often and how fast they spoke, what was decided by their word and taken back
 * by an operator, and where a shadow would have done otherwise. In memory, bounded; decides nothing.
 */
import { LruMap } from '../base/index.ts'

/** What a model says of a source. */
export interface LiveWord {
  /** `name@version`. */
  readonly model: string
  readonly level: string
}

export interface DecisionCounts {
  readonly watch: number
  readonly throttle: number
  readonly ban: number
  /** Of these, taken back by an operator: false alarms, as far as somebody noticed. */
  readonly lifted: number
}

export interface LevelPair {
  /** What the model said that judged. */
  readonly judge: string
  readonly shadow: string
  readonly count: number
}

export interface DifferingSource {
  readonly source: string
  /** The most severe that each has said. */
  readonly judge: string
  readonly shadow: string
}

export interface ShadowComparison {
  readonly judgements: number
  readonly agreements: number
  /** Most frequent first. */
  readonly pairs: readonly LevelPair[]
  /** Sources that the shadow alone would have slowed down or banned, and those that it alone would have spared. */
  readonly alone: { readonly sources: number; readonly newest: readonly DifferingSource[] }
  readonly spared: { readonly sources: number; readonly newest: readonly DifferingSource[] }
}

export interface LiveCounts {
  readonly judgements: number
  readonly failures: number
  /** Time to a score, in microseconds, over the last 1 024; undefined before the first. */
  readonly latencyUs: { readonly p50: number; readonly p99: number } | undefined
  readonly decisions: DecisionCounts
  /** Undefined: it was never asked as a shadow. */
  readonly comparison: ShadowComparison | undefined
}

/** In ascending severity, as detection has them. */
const LEVELS = ['benign', 'watch', 'throttle', 'ban']
const FLAGGED_FROM = LEVELS.indexOf('throttle')
/** Models remembered, and sources of each that one of two would have slowed down. */
const MODELS_MAX = 16
const SOURCES_MAX = 10_000
const LATENCIES = 1_024
const NEWEST_SHOWN = 20

interface Entry {
  judgements: number
  failures: number
  readonly latencies: Float32Array
  measured: number
  readonly decisions: { watch: number; throttle: number; ban: number; lifted: number }
  compared: number
  readonly pairs: Map<string, number>
  readonly sources: LruMap<string, { judge: number; shadow: number }>
}

export class LiveRecord {
  readonly #models = new LruMap<string, Entry>(MODELS_MAX)

  judged(model: string): void {
    this.#entryOf(model).judgements++
  }

  failed(model: string): void {
    this.#entryOf(model).failures++
  }

  /** @param ms how long one score took */
  took(model: string, ms: number): void {
    const entry = this.#entryOf(model)
    entry.latencies[entry.measured++ % LATENCIES] = ms * 1_000
  }

  /** A decision by the word of a model. */
  decided(model: string, type: 'watch' | 'throttle' | 'ban'): void {
    this.#entryOf(model).decisions[type]++
  }

  /** One of them was taken back by an operator. */
  lifted(model: string): void {
    this.#entryOf(model).decisions.lifted++
  }

  /** What a shadow said beside the model that judged. */
  compare(source: string, shadow: LiveWord, judge: LiveWord): void {
    const entry = this.#entryOf(shadow.model)
    const pair = `${judge.level} ${shadow.level}`
    entry.compared++
    entry.pairs.set(pair, (entry.pairs.get(pair) ?? 0) + 1)
    const said = { judge: LEVELS.indexOf(judge.level), shadow: LEVELS.indexOf(shadow.level) }
    const known = entry.sources.get(source)
    if (known === undefined && Math.max(said.judge, said.shadow) < FLAGGED_FROM) return
    entry.sources.set(source, {
      judge: Math.max(known?.judge ?? 0, said.judge),
      shadow: Math.max(known?.shadow ?? 0, said.shadow)
    })
  }

  /** Of one model by its id; undefined if it has never been asked, or so many others have since. */
  of(model: string): LiveCounts | undefined {
    const entry = this.#models.peek(model)
    if (entry === undefined) return undefined
    const { judgements, failures, decisions, compared } = entry
    return {
      ...{ judgements, failures, latencyUs: latencyOf(entry), decisions: { ...decisions } },
      comparison: compared === 0 ? undefined : comparisonOf(entry)
    }
  }

  #entryOf(model: string): Entry {
    const known = this.#models.get(model)
    if (known !== undefined) return known
    const entry: Entry = {
      ...{ judgements: 0, failures: 0, measured: 0, compared: 0 },
      latencies: new Float32Array(LATENCIES),
      decisions: { watch: 0, throttle: 0, ban: 0, lifted: 0 },
      pairs: new Map(),
      sources: new LruMap(SOURCES_MAX)
    }
    this.#models.set(model, entry)
    return entry
  }
}

function latencyOf({ latencies, measured }: Entry): LiveCounts['latencyUs'] {
  const sorted = latencies.slice(0, Math.min(measured, LATENCIES)).sort()
  if (sorted.length === 0) return undefined
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

function comparisonOf({ compared, pairs, sources }: Entry): ShadowComparison {
  const listed = [...pairs].map(([pair, count]) => {
    const [judge = '', shadow = ''] = pair.split(' ')
    return { judge, shadow, count }
  })
  const alone: DifferingSource[] = []
  const spared: DifferingSource[] = []
  for (const [source, { judge, shadow }] of sources.entries()) {
    const differing = { source, judge: LEVELS[judge] ?? '', shadow: LEVELS[shadow] ?? '' }
    if (judge < FLAGGED_FROM && shadow >= FLAGGED_FROM) alone.push(differing)
    if (judge >= FLAGGED_FROM && shadow < FLAGGED_FROM) spared.push(differing)
  }
  const shown = (found: readonly DifferingSource[]) => ({
    sources: found.length,
    newest: found.slice(-NEWEST_SHOWN).reverse()
  })
  return {
    judgements: compared,
    agreements: listed.reduce((sum, one) => sum + (one.judge === one.shadow ? one.count : 0), 0),
    pairs: listed.sort((a, b) => b.count - a.count),
    ...{ alone: shown(alone), spared: shown(spared) }
  }
}
