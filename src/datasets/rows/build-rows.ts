/**
 * Logs and labels → rows: replays the logs through the very policy of the live node, and keeps what it knew of each labelled source
 * at the moments when it judged it. No row sees what came later, and no decision is taken while rows are made: what a source goes
 * on to do is seen whole.
 */
import type { Readable } from 'node:stream'
import type { Clock } from '../../base/index.ts'
import {
  FEATURE_SET_VERSION,
  FEATURES,
  type FeatureContext,
  RulePolicy,
  readFeatures
} from '../../detection/index.ts'
import { type ReplayOptions, type ReplayReport, replayLogs } from '../../keyserver/index.ts'
import { type BehaviourTable, WordList } from '../behaviour-table.ts'
import { DatasetError } from '../errors.ts'
import { LabelBook } from '../labels/label-book.ts'
import type { SourceLabel } from '../labels/source-label.ts'
import { MomentSampler } from './moment-sampler.ts'
import { RowStore } from './row-store.ts'

export interface BuildOptions {
  /** A name for the logs: rows of one campaign at one site are never on both sides of a validation. */
  readonly site: string
  /** @default false */
  readonly isSynthetic?: boolean
  /** Sources that the policy remembers, as in the configuration. @default 200000 */
  readonly sourcesMax?: number | undefined
  /** Of a log that is `-`. @default process.stdin */
  readonly stdin?: Readable | undefined
  readonly clock?: Clock | undefined
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the rows so far; reading goes on when it resolves. */
  readonly onProgress?: ((rows: number) => Promise<void> | void) | undefined
}

export interface BuildReport {
  readonly log: ReplayReport
  /** Of the first and the last event, in milliseconds; undefined without an event. */
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  /** Sources that the labels name, and those of them that the logs hold. */
  readonly sourcesLabelled: number
  readonly sourcesSeen: number
  /** Labels that hold at no time of the logs. */
  readonly labelsOutside: number
}

export interface BuiltTable extends BehaviourTable {
  readonly built: BuildReport
}

/** Local time goes back by an hour once a year. */
const BACK_MS_MAX = 2 * 3_600_000
/** 800 MB as float32. */
const CELLS_MAX = 200_000_000

/**
 * @param logs paths as for a replay
 * @param labels of a file (`readLabels`) or of anything else
 * @throws {LABELS_UNMATCHED} without a single row @throws {LOGS_UNORDERED | ROWS_TOO_MANY} @throws {KeyserverError} as `replayLogs`
 * @throws the reason of the signal
 */
export async function buildRows(
  logs: ReplayOptions,
  labels: readonly SourceLabel[],
  options: BuildOptions
): Promise<BuiltTable> {
  const { onProgress, clock, signal, stdin } = options
  const book = new LabelBook(labels)
  const rows = new RowCollector(book, options.site)
  const { sourcesMax } = options
  const policy = new RulePolicy({
    ...(sourcesMax === undefined ? {} : { sourcesMax }),
    onJudged: (context) => rows.take(context)
  })
  const nothing = { findStanding: () => undefined, isProtected: () => false }
  let firstMs: number | undefined
  let lastMs: number | undefined
  const log = await replayLogs(logs, {
    sink: (event) => {
      firstMs ??= event.loggedAtMs
      if (lastMs !== undefined && event.loggedAtMs < lastMs - BACK_MS_MAX) {
        throw unordered(lastMs, event.loggedAtMs)
      }
      lastMs = event.loggedAtMs
      policy.observe(event, nothing)
    },
    drain: async () => {
      await onProgress?.(rows.count)
      signal?.throwIfAborted()
    },
    ...{ clock, signal, stdin }
  })
  const isOutside = ({ fromMs, toMs }: SourceLabel) =>
    lastMs === undefined || firstMs === undefined || fromMs > lastMs || toMs < firstMs
  const built = {
    ...{ log, firstMs, lastMs },
    sourcesLabelled: book.sources,
    sourcesSeen: book.sourcesSeen,
    labelsOutside: labels.filter(isOutside).length
  }
  if (rows.count === 0) throw unmatched(built, labels.length)
  return { ...rows.table(options.isSynthetic ?? false), built }
}

const time = (atMs: number | undefined) => (atMs === undefined ? '?' : new Date(atMs).toISOString())

function unordered(beforeMs: number, atMs: number): DatasetError {
  return new DatasetError(
    'LOGS_UNORDERED',
    `expected the files of a log with the oldest first, got ${time(atMs)} after ${time(beforeMs)}`
  )
}

function unmatched(report: BuildReport, labels: number): DatasetError {
  const { firstMs, lastMs, sourcesSeen, labelsOutside } = report
  const span = `${time(firstMs)} to ${time(lastMs)}`
  if (labelsOutside === labels) {
    return new DatasetError(
      'LABELS_UNMATCHED',
      `expected labels for the time of the logs (${span}), got ${labels} that all hold at other times`
    )
  }
  return new DatasetError(
    'LABELS_UNMATCHED',
    sourcesSeen === 0
      ? `expected a labelled source in the logs, got none of ${report.sourcesLabelled}`
      : `expected a labelled source in the logs while its label holds, got ${sourcesSeen} at other times, or called harmless and abusive at once`
  )
}

class RowCollector {
  readonly #book: LabelBook
  readonly #site: string
  readonly #sampler = new MomentSampler()
  readonly #values = new RowStore(FEATURES.length)
  readonly #buffer = new Float64Array(FEATURES.length)
  readonly #labels: number[] = []
  readonly #weights: number[] = []
  readonly #atMs: number[] = []
  readonly #requests: number[] = []
  readonly #sources = new WordList()
  readonly #sites = new WordList()
  readonly #campaigns = new WordList()
  readonly #classes = new WordList()

  constructor(book: LabelBook, site: string) {
    this.#book = book
    this.#site = site
  }

  get count(): number {
    return this.#labels.length
  }

  take(context: FeatureContext): void {
    const { session, atMs } = context
    const found = this.#book.find(session.source, atMs)
    if (found === undefined || !this.#sampler.isDue(session.source, session.requests)) return
    if ((this.count + 1) * FEATURES.length > CELLS_MAX) {
      const most = Math.floor(CELLS_MAX / FEATURES.length)
      throw new DatasetError(
        'ROWS_TOO_MANY',
        `expected at most ${most} moments of labelled sources, got more: give less of the logs, or fewer labels`
      )
    }
    readFeatures(context, this.#buffer)
    this.#values.push(this.#buffer)
    this.#labels.push(found.label === 'abuse' ? 1 : 0)
    this.#weights.push(found.weight)
    this.#atMs.push(atMs)
    this.#requests.push(session.requests)
    this.#sources.push(session.source)
    this.#sites.push(this.#site)
    // What harmless sources have in common is a habit, no campaign.
    this.#campaigns.push(found.label === 'abuse' ? found.campaign : '')
    this.#classes.push(found.class)
  }

  table(isSynthetic: boolean): BehaviourTable {
    return {
      rows: this.count,
      featureSetVersion: FEATURE_SET_VERSION,
      values: this.#values.values(),
      labels: Int32Array.from(this.#labels),
      weights: Float64Array.from(this.#weights),
      atMs: Float64Array.from(this.#atMs),
      requests: Int32Array.from(this.#requests),
      sources: this.#sources.words(),
      sites: this.#sites.words(),
      campaigns: this.#campaigns.words(),
      classes: this.#classes.words(),
      isSynthetic
    }
  }
}
