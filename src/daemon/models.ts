/** The models of a node: packages in two folders, the registry over them, and the runner that answers. */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ModelPorts } from '../api/index.ts'
import type { Clock, Component } from '../base/index.ts'
import { dataPaths } from '../config/index.ts'
import { FEATURE_SET_VERSION, FEATURES } from '../detection/index.ts'
import {
  ModelRegistry,
  modelId,
  PackageFolders,
  PredictionLog,
  type TaskFit
} from '../registry/index.ts'
import { FALLBACK_REASONS, ModelRunner, type RunnerCounts } from '../runtime/index.ts'
import { type Connection, readSecret } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { signerFromSeed } from '../wire/index.ts'
import type { declareModelMetrics } from './metrics.ts'
import type { Repositories } from './repositories.ts'

/** What judges a source by its behaviour. */
const BEHAVIOUR_TASK = 'behaviour'
/** Beside `src` and `dist`. */
const SHIPPED_DIR = join(import.meta.dirname, '..', '..', 'models')

const COUNT_MS = 1_000

const BEHAVIOUR_FIT: TaskFit = {
  featureSetVersion: FEATURE_SET_VERSION,
  features: FEATURES.map(({ name }) => name),
  // A category is a code within its words; its range says nothing more.
  ranges: FEATURES.map(({ categories, range }) => (categories === undefined ? range : undefined))
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
  readonly #registry: ModelRegistry
  readonly #clock: Clock
  readonly #metrics: NodeModelsPorts['metrics']
  #counted: RunnerCounts | undefined
  #stopped = new AbortController()

  constructor(
    options: { readonly dataDir: string; readonly shippedDir?: string },
    ports: NodeModelsPorts
  ) {
    const { db, store, clock, logger, metrics } = ports
    this.#clock = clock
    this.#metrics = metrics
    const log = logger.child({ component: 'models' })
    const paths = dataPaths(options.dataDir)
    const shelf = new PackageFolders({
      shippedDir: options.shippedDir ?? SHIPPED_DIR,
      ownDir: paths.models
    })
    this.runner = new ModelRunner({ threads: availableParallelism() }, { clock })
    this.#registry = new ModelRegistry(
      {
        tasks: new Map([[BEHAVIOUR_TASK, BEHAVIOUR_FIT]]),
        trusted: () => ownKeys(paths.networkKey)
      },
      {
        ...{ store: store.models, audit: store.audit, unitOfWork: db.transaction },
        ...{ shelf, seat: this.runner, clock },
        onProblem: (model, reason) => log.error({ model, reason }, 'model cannot be used')
      }
    )
    const meanings = new Map(FEATURES.map(({ name, meaning }) => [name, meaning]))
    this.ports = {
      registry: this.#registry,
      runner: this.runner,
      predictions: new PredictionLog(),
      meaningOf: (feature) => meanings.get(feature)
    }
  }

  /** Why the champion cannot be used, if there is one and it cannot. */
  get problem(): string | undefined {
    const champion = this.#registry.champion(BEHAVIOUR_TASK)
    return champion === undefined ? undefined : this.#registry.problem(modelId(champion))
  }

  async start(): Promise<void> {
    this.#stopped = new AbortController()
    await this.#registry.start()
    this.#clock.every(COUNT_MS, () => this.#count(), this.#stopped.signal)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#registry.stop()
    await this.runner.close()
  }

  /** The runner counts by itself; what was added since the last look is passed on. */
  #count(): void {
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
}

/** None before the node has joined or founded a network: then nothing is signed by it. */
function ownKeys(keyFile: string): readonly Uint8Array[] {
  if (!existsSync(keyFile)) return []
  return [signerFromSeed(new Uint8Array(Buffer.from(readSecret(keyFile), 'hex'))).publicKey]
}
