/** The models of a node: packages in two folders, the registry over them, the runner that answers, and those that judge its traffic. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { ModelPorts } from '../api/index.ts'
import type { Clock, Component } from '../base/index.ts'
import { dataPaths, shippedModelsDir } from '../config/index.ts'
import type { GuardApi } from '../defense/index.ts'
import { FEATURE_SET_VERSION, FEATURES, MODEL_SEATS } from '../detection/index.ts'
import {
  KeptPackages,
  type KeptPackagesPorts,
  LiveRecord,
  ModelRegistry,
  modelId,
  PackageFolders,
  PredictionLog,
  type TaskFit
} from '../registry/index.ts'
import { FALLBACK_REASONS, ModelRunner, type RunnerCounts } from '../runtime/index.ts'
import { type Connection, readOrCreateSecret, readSecret } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { signerFromSeed } from '../wire/index.ts'
import { JUDGES, type LiveCounters, LiveModels } from './live-models.ts'
import type { declareModelMetrics } from './metrics.ts'
import type { Repositories } from './repositories.ts'

/** What judges a source by its behaviour. */
const BEHAVIOUR_TASK = 'behaviour'
const COUNT_MS = 1_000

const BEHAVIOUR_FIT: TaskFit = {
  featureSetVersion: FEATURE_SET_VERSION,
  features: FEATURES.map(({ name }) => name),
  // A category is a code within its words; its range says nothing more.
  ranges: FEATURES.map(({ categories, range }) => (categories === undefined ? range : undefined)),
  needsThresholds: true
}
const LOT_KEY_BYTES = 32

export interface NodeModelsOptions {
  readonly dataDir: string
  /** @default the packages that come with the program */
  readonly shippedDir?: string | undefined
  /** @default true */
  readonly useShipped?: boolean
  /** Share of the sources that a canary judges. */
  readonly canaryShare: number
}

export interface NodeModelsPorts {
  readonly db: Connection
  readonly store: Pick<Repositories, 'models' | 'audit'>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: ReturnType<typeof declareModelMetrics>
}

export class NodeModels implements Component {
  readonly name = 'models'
  /** What the API asks. */
  readonly ports: ModelPorts
  readonly runner: ModelRunner
  /** Where the guard finds its models. */
  readonly live: LiveModels
  readonly #registry: ModelRegistry
  readonly #kept: KeptPackagesPorts
  readonly #clock: Clock
  readonly #metrics: NodeModelsPorts['metrics']
  #counted: RunnerCounts | undefined
  #judged: LiveCounters | undefined
  #stopped = new AbortController()

  constructor(options: NodeModelsOptions, ports: NodeModelsPorts) {
    const { db, store, clock, logger, metrics } = ports
    this.#clock = clock
    this.#metrics = metrics
    const log = logger.child({ component: 'models' })
    const paths = dataPaths(options.dataDir)
    const shelf = new PackageFolders({
      shippedDir:
        options.useShipped === false ? undefined : (options.shippedDir ?? shippedModelsDir()),
      ownDir: paths.models
    })
    this.#kept = { shelf, store: store.models, task: BEHAVIOUR_TASK }
    this.runner = new ModelRunner({ threads: availableParallelism() }, { clock })
    const predictions = new PredictionLog()
    const record = new LiveRecord()
    const makeKey = () => randomBytes(LOT_KEY_BYTES).toString('hex')
    const lotKey = () => readOrCreateSecret(paths.canaryKey, makeKey).text
    this.live = new LiveModels(
      { task: BEHAVIOUR_TASK, canaryShare: options.canaryShare },
      { clock, log, predictions, record, lotKey }
    )
    this.#registry = new ModelRegistry(
      {
        tasks: new Map([[BEHAVIOUR_TASK, BEHAVIOUR_FIT]]),
        trusted: () => ownKeys(paths.networkKey)
      },
      {
        ...{ store: store.models, audit: store.audit, unitOfWork: db.transaction },
        ...{ shelf, seat: this.runner, panel: this.live, clock },
        onProblem: (model, reason) => log.error({ model, reason }, 'model cannot be used')
      }
    )
    const meanings = new Map(FEATURES.map(({ name, meaning }) => [name, meaning]))
    this.ports = {
      registry: this.#registry,
      runner: this.runner,
      ...{ predictions, live: record },
      meaningOf: (feature) => meanings.get(feature)
    }
  }

  /** Why the models do not judge as they should, if they do not. */
  get problem(): string | undefined {
    const champion = this.#registry.champion(BEHAVIOUR_TASK)
    if (champion !== undefined) {
      return this.#registry.problem(modelId(champion)) ?? this.live.problem
    }
    // Nothing was taken in that could be one: whatever was refused says why.
    const [refused] = this.#registry.problems()
    return refused === undefined ? this.live.problem : `${refused[0]}: ${refused[1]}`
  }

  /** Packages as they lie there now, for who lets a model judge again. */
  keptPackages(): KeptPackages {
    return new KeptPackages(this.#kept)
  }

  /** Who judges the traffic, in one line. */
  describe(): string {
    return this.live.describe()
  }

  /** Sees what is decided by the word of a model, and what an operator takes back of it. */
  watch(guard: Pick<GuardApi, 'subscribe'>): void {
    guard.subscribe((effect) => this.live.note(effect))
  }

  async start(): Promise<void> {
    this.#stopped = new AbortController()
    await this.#registry.start()
    const count = () => {
      this.#countRows()
      this.#countJudgements()
    }
    this.#clock.every(COUNT_MS, count, this.#stopped.signal)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#registry.stop()
    await this.runner.close()
  }

  /** The runner counts by itself; what was added since the last look is passed on. */
  #countRows(): void {
    const counts = this.runner.counts()
    const before = this.#counted
    this.#counted = counts
    this.#metrics.waiting.set(counts.waitingRows)
    this.#metrics.rows.add(counts.rows - (before?.rows ?? 0))
    for (const reason of FALLBACK_REASONS) {
      const added = counts.fallbacks[reason] - (before?.fallbacks[reason] ?? 0)
      if (added > 0) this.#metrics.fallbacks.add(added, { reason })
    }
  }

  #countJudgements(): void {
    const counters = this.live.counters()
    const before = this.#judged
    this.#judged = counters
    for (const by of JUDGES) {
      const added = counters.judgements[by] - (before?.judgements[by] ?? 0)
      if (added > 0) this.#metrics.judgements.add(added, { by })
    }
    for (const seat of MODEL_SEATS) {
      const added = counters.failures[seat] - (before?.failures[seat] ?? 0)
      if (added > 0) this.#metrics.failures.add(added, { seat })
    }
  }
}

/** None before the node has joined or founded a network: then nothing is signed by it. */
function ownKeys(keyFile: string): readonly Uint8Array[] {
  if (!existsSync(keyFile)) return []
  return [signerFromSeed(new Uint8Array(Buffer.from(readSecret(keyFile), 'hex'))).publicKey]
}
