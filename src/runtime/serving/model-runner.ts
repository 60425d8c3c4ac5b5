/**
 * Serves the model of each task: one row at once, many in small batches that wait a moment for others, large ones on threads of
 * their own. Models are swapped while it works; an answer of a model that was replaced meanwhile is thrown away and made anew.
 * Where there is no model or no time, the rules' own score answers, and the answer says so.
 */
import type { Clock } from '../../base/index.ts'
import { ModelError } from '../errors.ts'
import { type Contributions, ModelExplainer } from '../model/model-explainer.ts'
import { fallbackLines, type LineBlock, type ScoredLines } from './json-lines.ts'
import { MicroBatcher } from './micro-batcher.ts'
import { RowScorer } from './row-scorer.ts'
import { ScoringThreads } from './scoring-threads.ts'
import { featuresOf, type ServedModel } from './served-model.ts'

export interface ModelRunnerOptions {
  /** Threads for batches. */
  readonly threads: number
  /** Rows that wait together at most, and how long the first of them waits. @default 512 rows, 2 ms */
  readonly batchRowsMax?: number
  readonly batchDelayMs?: number
  /** Rows that wait in all. @default 65 536 */
  readonly queueRowsMax?: number
  /** Blocks of a stream that are at work. @default 64 */
  readonly blocksMax?: number
  /** Name of the feature that holds what the rules say: it answers where no model does. @default rule_score */
  readonly ruleFeature?: string
}

export const FALLBACK_REASONS = ['no-model', 'queue-full', 'thread-failed'] as const
export type FallbackReason = (typeof FALLBACK_REASONS)[number]

/** Of one row after the other. */
export type RowScores =
  | {
      readonly model: ServedModel
      /** `width` numbers a row. */
      readonly scores: Float64Array
      readonly width: number
    }
  | { readonly model: undefined; readonly reason: FallbackReason }

export interface ScoredBlock extends ScoredLines {
  /** Who answered; undefined: the rules, for this reason. */
  readonly model: string | undefined
  readonly reason: FallbackReason | undefined
}

export interface RunnerCounts {
  readonly rows: number
  readonly fallbacks: Readonly<Record<FallbackReason, number>>
  readonly waitingRows: number
  readonly blocks: number
}

/** A task, whoever is its champion then; or one model by itself. */
export type Target = string | ServedModel

interface Serving {
  readonly model: ServedModel
  readonly scorer: RowScorer
  explainer: ModelExplainer | undefined
}

/** From here on a batch goes to a thread. */
const THREAD_ROWS = 2_048
/** A model that is swapped this often while one batch is scored is not waited for. */
const ATTEMPTS_MAX = 4
const DEFAULTS = { batchRowsMax: 512, batchDelayMs: 2, queueRowsMax: 65_536, blocksMax: 64 }

export class ModelRunner {
  readonly #ruleFeature: string
  readonly #threads: ScoringThreads
  readonly #batcher: MicroBatcher
  readonly #champions = new Map<string, Serving>()
  readonly #others = new WeakMap<ServedModel, Serving>()
  readonly #fallbacks = { 'no-model': 0, 'queue-full': 0, 'thread-failed': 0 }
  #rows = 0

  constructor(options: ModelRunnerOptions, ports: { readonly clock: Clock }) {
    const { threads, ruleFeature = 'rule_score', blocksMax = DEFAULTS.blocksMax } = options
    this.#ruleFeature = ruleFeature
    this.#threads = new ScoringThreads({ threads, blocksMax })
    this.#batcher = new MicroBatcher(
      {
        rowsMax: options.batchRowsMax ?? DEFAULTS.batchRowsMax,
        delayMs: options.batchDelayMs ?? DEFAULTS.batchDelayMs,
        queueRowsMax: options.queueRowsMax ?? DEFAULTS.queueRowsMax
      },
      ports.clock
    )
  }

  /** The champion of a task from this moment on; undefined: none. Every later answer is its own. */
  serve(task: string, model: ServedModel | undefined): void {
    const before = this.#champions.get(task)?.model
    if (model === undefined) this.#champions.delete(task)
    else this.#champions.set(task, servingOf(model))
    if (before !== undefined && before !== model) this.#threads.drop(before)
  }

  champion(task: string): ServedModel | undefined {
    return this.#champions.get(task)?.model
  }

  get ruleFeature(): string {
    return this.#ruleFeature
  }

  counts(): RunnerCounts {
    return {
      rows: this.#rows,
      fallbacks: { ...this.#fallbacks },
      waitingRows: this.#batcher.waitingRows,
      blocks: this.#threads.blocks
    }
  }

  /** One row at once, on this thread. */
  scoreRow(target: Target, row: Float32Array): RowScores {
    const serving = this.#find(target)
    if (serving === undefined) return this.#fall('no-model', 1)
    this.#rows++
    const { model, scorer } = serving
    return { model, scores: scorer.score(row, 1), width: scorer.width }
  }

  /** `count` rows that lie one after the other. Never rejects: where no model can answer, it says why. */
  async scoreRows(
    target: Target,
    rows: Float32Array<ArrayBuffer>,
    count: number
  ): Promise<RowScores> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const serving = this.#find(target)
      // A champion of other features than the rows were read for is none for them.
      const width = serving === undefined ? -1 : featuresOf(serving.model).length
      if (serving === undefined || rows.length !== count * width) {
        return this.#fall('no-model', count)
      }
      try {
        const scores = await this.#scoreBlock(serving, rows, count)
        if (this.#find(target)?.model !== serving.model) continue
        this.#rows += count
        return { model: serving.model, scores, width: serving.scorer.width }
      } catch (error) {
        return this.#fall(reasonOf(error), count)
      }
    }
    return this.#fall('queue-full', count)
  }

  /** A block of lines of JSON; answers in lines of JSON, one for each. Never rejects. */
  async scoreLines(target: Target, block: LineBlock): Promise<ScoredBlock> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const serving = this.#find(target)
      if (serving === undefined) return this.#fallLines(block, 'no-model', undefined)
      try {
        const scored = await this.#threads.scoreLines(serving.model, block)
        if (this.#find(target)?.model !== serving.model) continue
        this.#rows += scored.rows
        return { ...scored, model: serving.model.id, reason: undefined }
      } catch (error) {
        return this.#fallLines(block, reasonOf(error), serving.model)
      }
    }
    return this.#fallLines(block, 'queue-full', undefined)
  }

  /** How much each feature moved the score of a row; undefined where there is no model. */
  explain(
    target: Target,
    row: Float32Array,
    score = 0
  ): { readonly model: ServedModel; readonly contributions: Contributions } | undefined {
    const serving = this.#find(target)
    if (serving === undefined) return undefined
    serving.explainer ??= new ModelExplainer(serving.model.parts)
    return { model: serving.model, contributions: serving.explainer.explain(row, score) }
  }

  async close(): Promise<void> {
    this.#batcher.close()
    await this.#threads.close()
  }

  #find(target: Target): Serving | undefined {
    if (typeof target === 'string') return this.#champions.get(target)
    const known = this.#others.get(target)
    if (known !== undefined) return known
    const serving = servingOf(target)
    this.#others.set(target, serving)
    return serving
  }

  #scoreBlock(
    { model, scorer }: Serving,
    rows: Float32Array<ArrayBuffer>,
    count: number
  ): Promise<Float64Array> {
    if (count >= THREAD_ROWS) return this.#threads.scoreRows(model, { rows, count })
    return this.#batcher.add({ rows: count, work: () => scorer.score(rows, count) })
  }

  #fall(reason: FallbackReason, rows: number): RowScores {
    this.#fallbacks[reason] += rows
    return { model: undefined, reason }
  }

  #fallLines(
    block: LineBlock,
    reason: FallbackReason,
    model: ServedModel | undefined
  ): ScoredBlock {
    const name = this.#ruleFeature
    const features = model === undefined ? [] : featuresOf(model)
    const index = features.findIndex((feature) => feature.name === name)
    const scored = fallbackLines(block, { name, index }, reason)
    this.#fallbacks[reason] += scored.rows
    return { ...scored, model: undefined, reason }
  }
}

function servingOf(model: ServedModel): Serving {
  return { model, scorer: new RowScorer(model), explainer: undefined }
}

function reasonOf(error: unknown): FallbackReason {
  if (!(error instanceof ModelError)) throw error
  return error.code === 'QUEUE_FULL' ? 'queue-full' : 'thread-failed'
}
