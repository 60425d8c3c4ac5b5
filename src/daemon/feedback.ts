/** What a node keeps to learn from: rows of features as they are judged, and labels by people, lifted decisions and rules. */
import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, type Component, messageOf, uuidV7 } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import type { Decision, GuardEffect, ProtectedFactsPort } from '../defense/index.ts'
import { type JudgedMatter, type JudgedMatters, LabelDesk, RowKeeper } from '../feedback/index.ts'
import type { NetworkService, ReceivedAlert } from '../network/index.ts'
import type { Connection } from '../store/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { actuatorProtection } from './actuator-protection.ts'
import type { FeedbackMetrics } from './feedback-metrics.ts'
import type { Repositories } from './repositories.ts'

export interface NodeFeedbackPorts {
  readonly db: Connection
  readonly store: Pick<Repositories, 'features' | 'labels' | 'audit' | 'decisions' | 'allowlist'>
  readonly facts: Pick<ProtectedFactsPort, 'current'>
  /** Made after this is; undefined where networks are turned off. */
  readonly findNetwork: () => Pick<NetworkService, 'alerts'> | undefined
  readonly subscribe: (listener: (effect: GuardEffect) => void) => () => void
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: FeedbackMetrics
}

/** What led to a decision, or to an alert that a person sent, came before it. */
const BEFORE_MS = 3_600_000
const ALERTS_PAGE = 1_000

type Lifted = Decision & { readonly liftedBy: string }

export class NodeFeedback implements Component {
  readonly name = 'feedback'
  readonly desk: LabelDesk
  /** What the policy is given. */
  readonly keeper: RowKeeper
  readonly #options: Config['training']
  readonly #ports: NodeFeedbackPorts
  #lifted: Lifted[] = []
  #unsubscribe = () => {}

  constructor(
    { training: options, detection }: Pick<Config, 'training' | 'detection'>,
    ports: NodeFeedbackPorts
  ) {
    const { db, store, facts, clock, logger, metrics } = ports
    const { allowlist } = store
    const findProtection = actuatorProtection(detection.treatAsPublic, { facts, allowlist, clock })
    this.#options = options
    this.#ports = ports
    this.desk = new LabelDesk({
      ...{ labels: store.labels, audit: store.audit, findProtection, clock },
      ...{ matters: this.#matters(), unitOfWork: db.transaction },
      createId: (atMs) => uuidV7(atMs, randomBytes(10))
    })
    this.keeper = new RowKeeper(
      { rowsMax: options.maxFeatureRows, keepsRows: options.keepFeatures },
      {
        ...{ rows: store.features, clock, log: logger.child({ component: 'feedback' }) },
        ...{ onKept: metrics.kept, onLost: metrics.lost },
        onEvidence: (evidence) => this.desk.noteEvidence(evidence)
      }
    )
    metrics.measure(store)
  }

  async start(signal: AbortSignal): Promise<void> {
    if (!this.#options.keepFeatures) await this.#deleteRows(signal)
    this.#unsubscribe = this.#ports.subscribe((effect) => this.#hear(effect))
    await this.keeper.start()
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#noteLifted()
    await this.keeper.stop()
  }

  /** Whoever turned keeping off wants nothing kept. */
  async #deleteRows(signal: AbortSignal): Promise<void> {
    const { features } = this.#ports.store
    while (features.prune(Number.MAX_SAFE_INTEGER) > 0) {
      await nextTurn()
      signal.throwIfAborted()
    }
  }

  /** Deletes a batch of what has had its time or has no room. @returns how many; 0: nothing is left to delete */
  prune(nowMs: number): number {
    const { features, labels } = this.#ports.store
    const { featureRetentionMs, labelRetentionMs } = this.#options
    const { maxFeatureRows: rows, maxFeatureBytes: bytes } = this.#options
    labels.markRows(nowMs)
    return (
      features.prune(nowMs - featureRetentionMs) +
      features.trim({ rows, bytes }) +
      labels.prune(nowMs - labelRetentionMs)
    )
  }

  /** Many can end at once: they are written together, after who ended them has been answered. */
  #hear(effect: GuardEffect): void {
    if (effect.kind !== 'ended' || effect.why !== 'lifted') return
    const { origin, type, liftedBy } = effect.decision
    if (origin !== 'detection' || type === 'watch' || !liftedBy?.startsWith('token:')) return
    this.#lifted.push({ ...effect.decision, liftedBy })
    if (this.#lifted.length === 1) queueMicrotask(() => this.#noteLifted())
  }

  #noteLifted(): void {
    const lifted = this.#lifted
    this.#lifted = []
    const { clock, logger } = this.#ports
    try {
      for (const decision of lifted) {
        const matter = decisionMatter(decision, clock.nowMs())
        this.desk.noteLifted([matter], decision.liftedBy, decision.liftReason ?? '')
      }
    } catch (error) {
      logger.warn({ reason: messageOf(error) }, 'could not keep that decisions were lifted')
    }
  }

  #matters(): JudgedMatters {
    const { store, clock, findNetwork } = this.#ports
    return {
      alerts: (idStart) => alertsOf(findNetwork(), idStart, clock.nowMs()),
      decision: (id) => {
        const decision = store.decisions.find(id)
        return decision === undefined ? undefined : decisionMatter(decision, clock.nowMs())
      }
    }
  }
}

function decisionMatter(decision: Decision, nowMs: number): JudgedMatter {
  const { id, prefixes, createdAtMs, untilMs, liftedAtMs } = decision
  return {
    ...{ id, prefixes, fromMs: createdAtMs - BEFORE_MS },
    toMs: Math.max(createdAtMs, Math.min(liftedAtMs ?? untilMs, nowMs))
  }
}

/** Those whose id begins so: two are enough to know that more of it is needed. */
function alertsOf(
  network: Pick<NetworkService, 'alerts'> | undefined,
  idStart: string,
  nowMs: number
): readonly JudgedMatter[] {
  const found = new Map<string, ReceivedAlert>()
  let cursor: string | undefined
  do {
    const page = network?.alerts({ limit: ALERTS_PAGE, ...(cursor !== undefined && { cursor }) })
    for (const alert of page?.items ?? []) {
      if (alert.id.startsWith(idStart)) found.set(alert.id, alert)
    }
    cursor = page?.nextCursor
  } while (cursor !== undefined && found.size < 2)
  return [...found.values()].map(({ id, body, endsAtMs }) => ({
    ...{ id, prefixes: body.indicators.map(({ prefix }) => prefix) },
    fromMs: body.windowStartMs - BEFORE_MS,
    toMs: Math.max(body.windowStartMs, body.windowEndMs, Math.min(endsAtMs, nowMs))
  }))
}
