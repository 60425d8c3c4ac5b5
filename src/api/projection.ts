/** From the guard's own values to the shapes of the contract. Pure. */
import type { z } from 'zod'
import { displayPrefix, findPrefix } from '../base/index.ts'
import type {
  ActuatorStatus,
  Decision,
  ExplainedDecision,
  Explanation,
  GuardEffect,
  GuardStatus,
  ListEntry,
  ModeSettings,
  ShadowReport,
  Suppression
} from '../defense/index.ts'
import type * as schemas from './contract/schemas.ts'
import type { AuditRecord, ComponentState, NodeFacts, TokenRecord } from './ports.ts'

type Wire<Key extends keyof typeof schemas> = (typeof schemas)[Key] extends z.ZodType
  ? z.output<(typeof schemas)[Key]>
  : never

export type WireDecision = Wire<'decision'>
export type WireEvent = {
  readonly event:
    | 'decision.created'
    | 'decision.extended'
    | 'decision.ended'
    | 'suppression'
    | 'training.changed'
    | 'alert.received'
    | 'alert.sent'
    | 'alert.retracted'
    | 'list.received'
    | 'list.sent'
  readonly data: Readonly<Record<string, unknown>>
}

/** The largest time that a JavaScript date holds; a TTL may be written as infinite. */
const TIME_MS_MAX = 8_640_000_000_000_000

export function wireTime(atMs: number): string {
  return new Date(Math.min(Math.max(atMs, 0), TIME_MS_MAX)).toISOString()
}

function wireTimeOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : wireTime(atMs)
}

/** A ban of a swarm, or the third of the same subject, is beyond what one operator sees every day. */
export function severityOf(decision: Decision): WireDecision['severity'] {
  if (decision.type === 'watch') return 'low'
  if (decision.type === 'throttle') return 'medium'
  return decision.scope === 'swarm' || decision.offence >= 2 ? 'critical' : 'high'
}

function stateOf(decision: Decision, nowMs: number): WireDecision['state'] {
  if (decision.liftedAtMs !== undefined) return 'lifted'
  if (decision.untilMs <= nowMs) return 'expired'
  return decision.mode === 'shadow' ? 'shadow' : 'in-force'
}

export function wireDecision(decision: Decision, nowMs: number): WireDecision {
  return {
    id: decision.id,
    client_ip: decision.scope === 'address' ? decision.value : null,
    scope: decision.scope,
    value: decision.value,
    prefixes: [...decision.prefixes],
    type: decision.type,
    category: decision.category,
    severity: severityOf(decision),
    origin: decision.origin,
    mode: decision.mode,
    state: stateOf(decision, nowMs),
    confidence: decision.score,
    reasons: decision.reasons.map(({ rule, text, counters }) => ({
      rule,
      text,
      counters: { ...counters }
    })),
    line_hashes: [...decision.lineHashes],
    model: decision.model ?? null,
    offence: decision.offence,
    created_at: wireTime(decision.createdAtMs),
    until: wireTime(decision.untilMs),
    lifted_at: wireTimeOrNull(decision.liftedAtMs),
    lifted_by: decision.liftedBy ?? null,
    lift_reason: decision.liftReason ?? null
  }
}

export function wireSuppression(suppression: Suppression): Wire<'suppression'> {
  return {
    at: wireTime(suppression.atMs),
    value: suppression.value,
    wanted: suppression.wanted,
    category: suppression.category,
    protected_by: suppression.protectedBy,
    detail: suppression.detail
  }
}

export function wireListEntry(entry: ListEntry): Wire<'listEntry'> {
  const prefix = findPrefix(entry.prefix)
  return {
    prefix: prefix === undefined ? entry.prefix : displayPrefix(prefix),
    note: entry.note,
    added_by: entry.addedBy,
    created_at: wireTime(entry.createdAtMs),
    until: wireTimeOrNull(entry.untilMs)
  }
}

export function wireMode(settings: ModeSettings): Wire<'modeSettings'> {
  const previous = settings.previous
  return {
    overall: settings.overall,
    by_category: { ...settings.byCategory },
    previous:
      previous === undefined
        ? null
        : { overall: previous.overall, by_category: { ...previous.byCategory } }
  }
}

export function wireShadowReport(report: ShadowReport, nowMs: number): Wire<'shadowReport'> {
  return {
    from: wireTime(report.fromMs),
    to: wireTime(report.toMs),
    would_ban: report.wouldBan,
    would_throttle: report.wouldThrottle,
    by_category: { ...report.byCategory },
    doubtful: report.doubtful.map(({ decision, sign }) => ({
      decision: wireDecision(decision, nowMs),
      sign
    })),
    examples: report.examples.map((decision) => wireDecision(decision, nowMs))
  }
}

export function wireActuator(status: ActuatorStatus): Wire<'actuatorStatus'> {
  return {
    name: status.name,
    kind: status.kind,
    state: status.state,
    desired: status.desired,
    held: status.held ?? null,
    last_applied_at: wireTimeOrNull(status.lastAppliedAtMs),
    last_error: status.lastError ?? null,
    next_retry_at: wireTimeOrNull(status.nextRetryAtMs),
    mended_total: status.mendedTotal
  }
}

function wireExplained(explained: ExplainedDecision, nowMs: number, evidence: WireEvidence) {
  return {
    decision: { ...wireDecision(explained.decision, nowMs), state: explained.state },
    carried_out: [...explained.carriedOut],
    is_in_effect: explained.isInEffect,
    evidence,
    undo: explained.undo
  }
}

type WireEvidence = Wire<'evidence'> | null

/** @param evidence what the model went by in each decision, in their order */
export function wireExplanation(
  explanation: Explanation,
  evidence: readonly WireEvidence[]
): Wire<'explanation'> {
  return {
    client_ip: explanation.address,
    at: wireTime(explanation.atMs),
    protected_by: explanation.protectedBy === undefined ? null : { ...explanation.protectedBy },
    decisions: explanation.decisions.map((explained, index) =>
      wireExplained(explained, explanation.atMs, evidence[index] ?? null)
    ),
    suppressions: explanation.suppressions.map(wireSuppression),
    session: { ...explanation.session }
  }
}

export function wireAuditRecord(record: AuditRecord): Wire<'auditRecord'> {
  const { sequence, actor, action, target, reason, hash } = record
  return {
    sequence,
    at: wireTime(record.atMs),
    actor,
    action,
    target,
    before: record.before ?? null,
    after: record.after ?? null,
    reason,
    hash
  }
}

export function wireToken(record: TokenRecord): Wire<'token'> {
  return {
    id: record.id,
    name: record.name,
    scope: record.scope,
    created_at: wireTime(record.createdAtMs),
    created_by: record.createdBy,
    expires_at: wireTimeOrNull(record.expiresAtMs),
    revoked_at: wireTimeOrNull(record.revokedAtMs),
    last_used_at: wireTimeOrNull(record.lastUsedAtMs)
  }
}

export function wireStatus(
  status: GuardStatus,
  node: NodeFacts & { readonly components: readonly ComponentState[] }
): Wire<'nodeStatus'> {
  return {
    name: node.name,
    version: node.version,
    started_at: wireTime(status.startedAtMs),
    mode: wireMode(status.mode),
    policy: status.policy,
    events_total: status.eventsTotal,
    sources_tracked: status.sourcesTracked,
    active_decisions: { ...status.activeDecisions },
    last_event_at: wireTimeOrNull(status.lastEventAtMs),
    actuators: status.actuators.map(wireActuator),
    components: node.components.map(({ name, state, detail }) => ({ name, state, detail })),
    follows: node.follows.map(({ format, kind, path, behindProxy, timeZone }) => ({
      format,
      kind,
      path,
      behind_proxy: behindProxy,
      time_zone: timeZone
    })),
    treat_as_public: [...node.treatAsPublic]
  }
}

/** A guard effect as an event of `/api/events`. */
export function wireEffect(effect: GuardEffect, nowMs: number): WireEvent {
  switch (effect.kind) {
    case 'decided':
      return {
        event: 'decision.created',
        data: { decision: wireDecision(effect.decision, nowMs) }
      }
    case 'extended':
      return {
        event: 'decision.extended',
        data: { decision: wireDecision(effect.decision, nowMs) }
      }
    case 'ended':
      return {
        event: 'decision.ended',
        data: {
          decision: wireDecision(effect.decision, nowMs),
          at: wireTime(effect.atMs),
          why: effect.why
        }
      }
    case 'suppressed':
      return { event: 'suppression', data: { ...wireSuppression(effect.suppression) } }
  }
}
