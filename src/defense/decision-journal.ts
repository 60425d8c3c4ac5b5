/**
 * Writes down what the guard did, each change together with its audit row. What cannot be stored is kept, in its newest state, and
 * tried again with every tick: a full disk must not stop the guard. Storing again is harmless, so nothing is stored twice.
 */
import { LruMap, messageOf } from '../base/index.ts'
import type { ModelEvidence } from '../detection/index.ts'
import type { Decision, GuardEffect } from './decision.ts'
import { evidenceDigest } from './evidence-digest.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'
import type { AuditInput } from './ports.ts'

/** Of the audit entry with which a decision begins. */
export const CREATION_ACTION = 'decision.create'

interface Waiting {
  readonly decision: Decision
  readonly evidence: ModelEvidence | undefined
  readonly audit: readonly AuditInput[]
}

type Change = Exclude<GuardEffect, { kind: 'suppressed' }>

/** Decisions that wait for the store; the one that waits longest is given up first. */
const WAITING_MAX = 10_000
/** Stored again in one tick at most, so that a long queue does not hold up the reader. */
const STORED_PER_TICK = 500

type JournalPorts = Pick<
  GuardServicePorts,
  'decisions' | 'evidence' | 'audit' | 'unitOfWork' | 'logger' | 'metrics'
>

export class DecisionJournal {
  readonly #ports: JournalPorts
  readonly #waiting: LruMap<string, Waiting>
  #givenUp = 0
  #problem: string | undefined

  constructor(ports: JournalPorts) {
    this.#ports = ports
    this.#waiting = new LruMap(WAITING_MAX, () => {
      this.#givenUp++
    })
  }

  /** Why decisions cannot be stored just now; undefined if they can. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Decisions that are not stored yet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Stores all of it, with what else belongs to it, or nothing. @throws what the store throws */
  write(changes: readonly Change[], alongside: () => void = () => {}): void {
    this.#ports.unitOfWork.run(() => {
      for (const change of changes) {
        this.#save(this.#joined(change))
      }
      alongside()
    })
    for (const change of changes) this.#waiting.delete(change.decision.id)
  }

  /** Stores all of it, or keeps it for later. Never throws. */
  record(effects: readonly GuardEffect[]): void {
    const changes = effects.filter((effect) => effect.kind !== 'suppressed').filter(isWrittenDown)
    try {
      if (this.#problem !== undefined && this.#waiting.size > 0)
        throw new Error('the store failed just now')
      this.write(changes, () => {
        for (const effect of effects) {
          if (effect.kind === 'suppressed') {
            this.#ports.decisions.insertSuppression(effect.suppression)
          }
        }
      })
    } catch (error) {
      for (const change of changes) this.#keep(change)
      this.#report(error, changes.length)
    }
  }

  /** Tries again with what waits. */
  retry(): void {
    try {
      let left = STORED_PER_TICK
      for (const [id, waiting] of this.#waiting.entries()) {
        if (left-- === 0) return
        this.#ports.unitOfWork.run(() => this.#save(waiting))
        this.#waiting.delete(id)
      }
      if (this.#problem === undefined) return
      this.#problem = undefined
      this.#ports.logger.info({ givenUp: this.#givenUp }, 'decisions are stored again')
      this.#givenUp = 0
    } catch (error) {
      this.#report(error, this.#waiting.size)
      this.#putLast()
    }
  }

  #save({ decision, evidence, audit }: Waiting): void {
    const { decisions } = this.#ports
    if (decisions.find(decision.id) === undefined) {
      decisions.insert(decision)
      if (evidence !== undefined) this.#ports.evidence.insert(decision.id, evidence)
    } else decisions.update(decision)
    for (const entry of audit) this.#ports.audit.append(entry)
  }

  #keep(change: Change): void {
    this.#waiting.set(change.decision.id, this.#joined(change))
  }

  /** A change with what still waits of the same decision. */
  #joined(change: Change): Waiting {
    const earlier = this.#waiting.peek(change.decision.id)
    return {
      decision: withEnd(change),
      evidence: earlier?.evidence ?? (change.kind === 'decided' ? change.evidence : undefined),
      audit: [...(earlier?.audit ?? []), ...auditOf(change)]
    }
  }

  /** One that the store refuses for its own sake must not hold up the others. */
  #putLast(): void {
    for (const [id, first] of this.#waiting.entries()) {
      this.#waiting.set(id, first)
      return
    }
  }

  #report(error: unknown, count: number): void {
    const { metrics, logger } = this.#ports
    metrics.storeFailed()
    if (this.#problem === undefined) {
      logger.error({ reason: messageOf(error), decisions: count }, 'could not store decisions')
    }
    this.#problem ??= messageOf(error)
  }
}

/** The end of its time needs no mark. */
function isWrittenDown(change: Change): boolean {
  return change.kind !== 'ended' || change.why !== 'expired'
}

/** A superseded decision is stored as ended at that moment; the stronger one goes on. */
function withEnd(change: Change): Decision {
  if (change.kind !== 'ended' || change.why !== 'superseded') return change.decision
  if (change.decision.liftedAtMs !== undefined) return change.decision
  return {
    ...change.decision,
    liftedAtMs: change.atMs,
    liftedBy: 'detection',
    liftReason: 'superseded by a stronger decision'
  }
}

function auditOf(change: Change): readonly AuditInput[] {
  const { decision } = change
  // The operator's own block is on record as an addition to his blocklist.
  const isOwn = decision.origin === 'operator'
  if (change.kind === 'decided' && decision.type !== 'watch' && !isOwn)
    return [auditOfDecision(decision, change.evidence)]
  if (change.kind === 'ended' && change.why === 'lifted') return [auditOfLift(decision)]
  return []
}

function auditOfDecision(decision: Decision, evidence: ModelEvidence | undefined): AuditInput {
  return {
    actor: decision.origin,
    action: CREATION_ACTION,
    target: decision.id,
    before: undefined,
    after: {
      value: decision.value,
      type: decision.type,
      category: decision.category,
      mode: decision.mode,
      untilMs: decision.untilMs,
      rules: decision.reasons.map((reason) => reason.rule),
      ...(evidence && { model: evidence.model, evidence: evidenceDigest(decision.id, evidence) })
    },
    reason: decision.reasons[0]?.text ?? ''
  }
}

function auditOfLift(decision: Decision): AuditInput {
  return {
    actor: decision.liftedBy ?? 'system',
    action: 'decision.lift',
    target: decision.id,
    before: { value: decision.value, type: decision.type, untilMs: decision.untilMs },
    after: { liftedAtMs: decision.liftedAtMs },
    reason: decision.liftReason ?? ''
  }
}
