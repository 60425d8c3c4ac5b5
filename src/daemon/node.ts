/**
 * The composition root of a running node: builds every component from the configuration, wires them, starts them in a written
 * order and stops them in reverse. Holds no logic of its own.
 */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ApiServer, declareApiMetrics } from '../api/index.ts'
import { type Clock, type Component, Lifecycle, messageOf, uuidV7 } from '../base/index.ts'
import { type Config, dataPaths, programVersion, type ServiceEnvironment } from '../config/index.ts'
import { type Decision, GuardService } from '../defense/index.ts'
import { RulePolicy } from '../detection/index.ts'
import type { TrainingJobs } from '../jobs/index.ts'
import { ActuatorSet, createActuator } from '../keyserver/index.ts'
import {
  type AuditRepository,
  CheckpointFile,
  type Connection,
  type DecisionRepository,
  type ListRepository,
  openDatabase,
  storePaths
} from '../store/index.ts'
import {
  type Logger,
  type MetricsRegister,
  NullMetricsRegister,
  PrometheusRegister
} from '../telemetry/index.ts'
import { actuatorOptions } from './actuator-options.ts'
import { actuatorProtection } from './actuator-protection.ts'
import { CheckpointKeeper } from './checkpoint-keeper.ts'
import { auditConfig } from './config-audit.ts'
import { createReplay } from './decision-replay.ts'
import { NodeFeedback } from './feedback.ts'
import { declareFeedbackMetrics } from './feedback-metrics.ts'
import { MachineFacts } from './machine-facts.ts'
import { waitForMesh } from './mesh-wait.ts'
import { declareGuardMetrics, declareModelMetrics, declareSourceMetrics } from './metrics.ts'
import { NodeModels } from './models.ts'
import { createNetwork, createSharing } from './network.ts'
import type { OnDemandNetwork } from './on-demand-network.ts'
import { nodeReadiness } from './readiness.ts'
import { openRepositories, type Repositories } from './repositories.ts'
import { ServiceNotifier } from './service-notifier.ts'
import { followedLogs, sourceOptions } from './source-options.ts'
import { StorePruner } from './store-pruner.ts'
import { StoreWatch } from './store-watch.ts'
import { type IntakePositions, type IntakeState, TrafficIntake } from './traffic-intake.ts'
import { createTraining } from './training.ts'

/** Changes whenever the shape of what a checkpoint holds does. */
const STATE_VERSION = 'guard-1'
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
export const ACTUATOR_RECORD_DIR = 'actuators'

export interface NodeOptions {
  readonly dataDir: string
  readonly config: Config
  readonly service: ServiceEnvironment
}

export interface NodePorts {
  readonly clock: Clock
  readonly logger: Logger
}

type Sharing = ReturnType<typeof createSharing>

interface CheckpointState {
  readonly guard: unknown
  readonly intake: IntakeState
}

/** Opens the store and builds the node; nothing runs until `start`. @throws {StorageError | ConfigError | KeyserverError} */
export class NetminderNode {
  readonly #options: NodeOptions
  readonly #ports: NodePorts
  readonly #db: Connection
  readonly #guard: GuardService
  /** Undefined where networks are turned off. */
  readonly #network: OnDemandNetwork | undefined
  readonly #models: NodeModels
  readonly #trainings: TrainingJobs
  readonly #feedback: NodeFeedback
  readonly #intake: TrafficIntake
  readonly #storeWatch: StoreWatch
  readonly #checkpoint: CheckpointFile<IntakePositions, CheckpointState>
  readonly #lifecycle: Lifecycle
  readonly #api: ApiServer

  constructor(options: NodeOptions, ports: NodePorts) {
    const { dataDir, config } = options
    this.#options = options
    this.#ports = ports
    const opened = openDatabase({ dataDir, clock: ports.clock })
    this.#db = opened.db
    this.#storeWatch = new StoreWatch({ ...ports, db: opened.db })
    try {
      const paths = storePaths(dataDir)
      const store = openRepositories(opened.db, dataDir, ports)
      if (opened.setAside !== undefined) this.#reportSetAside(opened.setAside, store.audit)
      this.#noteConfig(config, store.audit)
      const register = config.metrics.enabled ? new PrometheusRegister() : undefined
      const declared: MetricsRegister = register ?? new NullMetricsRegister()
      const facts = this.#createFacts()
      const actuators = this.#createActuators(facts, store.allowlist)
      const { canaryShare, useShippedModels: useShipped } = config.detection
      const metrics = declareModelMetrics(declared)
      this.#models = new NodeModels(
        { dataDir, canaryShare, useShipped },
        { db: opened.db, store, ...ports, metrics }
      )
      this.#trainings = createTraining(options, {
        ...{ db: opened.db, store, ...ports, registry: this.#models.ports.registry }
      })
      this.#feedback = new NodeFeedback(config, {
        ...{ db: opened.db, store, facts, ...ports, metrics: declareFeedbackMetrics(declared) },
        findNetwork: () => this.#network,
        subscribe: (listener) => this.#guard.subscribe(listener)
      })
      this.#guard = this.#createGuard({ store, facts, actuators, declared })
      this.#models.watch(this.#guard)
      const parts = { store, facts, declared, register, guard: this.#guard, ...ports }
      this.#network = createNetwork(options, parts)
      const sharing = this.#network && createSharing(options, { ...parts, network: this.#network })
      this.#intake = new TrafficIntake(sourceOptions(config), {
        ...ports,
        metrics: declareSourceMetrics(declared),
        sink: (event) => this.#guard.observe(event)
      })
      this.#checkpoint = new CheckpointFile({ path: paths.checkpoint, stateVersion: STATE_VERSION })
      this.#api = this.#createApi({ store, declared, register, sharing })
      this.#lifecycle = this.#createLifecycle({
        ...{ facts, actuators, decisions: store.decisions },
        sharing: sharing === undefined ? [] : [sharing.share, sharing.lists]
      })
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Where the API listens, once started. */
  get url(): string {
    return this.#api.url
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#restore()
    await this.#lifecycle.start(signal)
    const { config } = this.#options
    this.#ports.logger.info(
      {
        url: this.#api.url,
        sources: config.sources.length,
        actuators: config.actuators.length,
        mode: this.#guard.mode().overall
      },
      'netminder is on guard'
    )
    if (config.sources.length === 0) {
      this.#ports.logger.warn({}, 'no log is followed: add [[sources]] to netminder.toml')
    }
  }

  async stop(): Promise<void> {
    await this.#lifecycle.stop()
    this.#db.close()
  }

  #reportSetAside(setAside: string, audit: AuditRepository): void {
    this.#ports.logger.error(
      { setAside },
      'the database was damaged and is kept aside; history starts anew'
    )
    audit.append({
      actor: 'system',
      action: 'store.set-aside',
      target: setAside,
      before: undefined,
      after: undefined,
      reason: 'the database was damaged'
    })
  }

  #noteConfig(config: Config, audit: AuditRepository): void {
    const changed = auditConfig(config, audit)
    if (changed.length > 0) {
      this.#ports.logger.info(
        { keys: changed.slice(0, 20), count: changed.length },
        'configuration'
      )
    }
  }

  #createFacts(): MachineFacts {
    const { dataDir, config } = this.#options
    const { defense, keyserver } = config
    return new MachineFacts(
      {
        protect: defense.protect,
        monitoring: defense.monitoring,
        sshPorts: defense.sshPorts,
        intervalMs: defense.factsIntervalMs,
        statsUrl: keyserver.url,
        statsIntervalMs: keyserver.statsIntervalMs,
        statsTimeoutMs: keyserver.statsTimeoutMs,
        partnersFile: storePaths(dataDir).partners
      },
      this.#ports
    )
  }

  #createActuators(facts: MachineFacts, allowlist: ListRepository): ActuatorSet {
    const { clock, logger } = this.#ports
    const { config, dataDir } = this.#options
    const ports = {
      recordDir: join(dataDir, ACTUATOR_RECORD_DIR),
      findProtection: actuatorProtection(config.detection.treatAsPublic, {
        facts,
        allowlist,
        clock
      }),
      nowMs: () => clock.nowMs()
    }
    const intervals = config.actuators.map(
      (actuator) => [actuator.name, actuator.reconcileIntervalMs] as const
    )
    return new ActuatorSet(
      actuatorOptions(config).map((options) => createActuator(options, ports)),
      { reconcileIntervalMs: new Map(intervals) },
      { clock, logger, random: { next: () => randomBytes(4).readUInt32BE() / 2 ** 32 } }
    )
  }

  /** The models are asked at each judgement: who is promoted or turned out is so at once, and no session is lost for it. */
  #createPolicy(): RulePolicy {
    const { maxSources: sourcesMax, policy } = this.#options.config.detection
    return new RulePolicy({
      sourcesMax,
      keeper: this.#feedback.keeper,
      ...(policy === 'default' && { models: this.#models.live })
    })
  }

  #createGuard(parts: {
    readonly store: Repositories
    readonly facts: MachineFacts
    readonly actuators: ActuatorSet
    readonly declared: MetricsRegister
  }): GuardService {
    const { config } = this.#options
    const { store, facts, actuators, declared } = parts
    return new GuardService(
      { treatAsPublic: config.detection.treatAsPublic, ...config.defense },
      {
        policy: this.#createPolicy(),
        decisions: store.decisions,
        evidence: store.evidence,
        allowlist: store.allowlist,
        blocklist: store.blocklist,
        mode: store.mode,
        audit: store.audit,
        unitOfWork: this.#db.transaction,
        actuators,
        facts,
        ...this.#ports,
        metrics: declareGuardMetrics(declared),
        createId: (atMs) => uuidV7(atMs, randomBytes(10))
      }
    )
  }

  #createApi(parts: {
    readonly store: Repositories
    readonly declared: MetricsRegister
    readonly register: PrometheusRegister | undefined
    readonly sharing: Sharing | undefined
  }): ApiServer {
    const { store, declared, register, sharing } = parts
    const { config, dataDir } = this.#options
    return new ApiServer(
      {
        ...config.api,
        addressFile: dataPaths(dataDir).apiAddress,
        isMetricsPublic: config.metrics.isPublic
      },
      {
        guard: this.#guard,
        networks: sharing?.desk,
        models: this.#models.ports,
        trainings: this.#trainings,
        labels: this.#feedback.desk,
        tokens: store.tokens,
        verifier: store.tokens,
        audit: store.audit,
        createReplay: () => createReplay(store, this.#models.keptPackages()),
        metrics: register,
        readiness: nodeReadiness({
          intake: this.#intake,
          guard: this.#guard,
          storeWatch: this.#storeWatch,
          models: config.detection.policy === 'default' ? this.#models : undefined,
          network: this.#network,
          sharing: sharing?.share
        }),
        node: {
          name: config.node.name || hostname(),
          version: programVersion(),
          follows: followedLogs(config),
          treatAsPublic: config.detection.treatAsPublic
        },
        apiMetrics: declareApiMetrics(declared),
        clock: this.#ports.clock,
        log: this.#ports.logger.child({ component: 'api' })
      }
    )
  }

  #createLifecycle(parts: {
    readonly facts: MachineFacts
    readonly actuators: ActuatorSet
    readonly decisions: DecisionRepository<Decision>
    readonly sharing: readonly Component[]
  }): Lifecycle {
    const { clock, logger } = this.#ports
    const { config, service } = this.#options
    const components: readonly Component[] = [
      this.#storeWatch,
      new StorePruner(config.store, {
        ...{ clock, logger, decisions: parts.decisions, feedback: this.#feedback }
      }),
      parts.facts,
      parts.actuators,
      ...(this.#network === undefined ? [] : [this.#network]),
      // Before the guard: a champion that can be loaded is there when the first line is judged.
      this.#models,
      this.#guard,
      this.#feedback,
      // After the guard, and before the logs: nothing is decided that it does not hear.
      ...parts.sharing,
      new CheckpointKeeper(
        { intervalMs: config.store.checkpointIntervalMs },
        {
          file: this.#checkpoint,
          take: () => ({
            positions: this.#intake.positions(),
            state: { guard: this.#guard.snapshot(), intake: this.#intake.state() }
          }),
          clock,
          logger
        }
      ),
      this.#intake,
      this.#trainings,
      this.#api,
      new ServiceNotifier(service, {
        ...{ clock, logger, isHealthy: () => true },
        settled: (signal) => waitForMesh({ network: this.#network, clock, logger }, signal)
      })
    ]
    return new Lifecycle(
      components,
      { startTimeoutMs: START_TIMEOUT_MS, stopTimeoutMs: STOP_TIMEOUT_MS },
      (name, error) =>
        logger.error(
          { component: name, reason: messageOf(error) },
          'component did not stop cleanly'
        )
    )
  }

  async #restore(): Promise<void> {
    const { clock, logger } = this.#ports
    const saved = await this.#checkpoint.load(clock.nowMs())
    if (saved.kind === 'absent') return
    if (saved.kind === 'unusable') {
      logger.error({ ...saved }, 'checkpoint cannot be used; logs are read on from their ends')
      return
    }
    if (saved.kind === 'positions-only') {
      logger.warn({ detail: saved.detail, setAside: saved.setAside }, 'sessions start afresh')
      this.#intake.restore(saved.positions, undefined)
      return
    }
    try {
      this.#guard.restore(saved.state.guard)
      this.#intake.restore(saved.positions, saved.state.intake)
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'sessions start afresh')
      this.#intake.restore(saved.positions, undefined)
    }
  }
}
