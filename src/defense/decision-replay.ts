/**
 * Lets a model judge again by what was kept of a decision, and says whether it comes to the same score, and how far the audit
 * vouches for what was kept. Changes nothing.
 */
import type { ModelEvidence } from '../detection/index.ts'
import type { Decision } from './decision.ts'
import { evidenceDigest } from './evidence-digest.ts'
import type { DecisionStore, EvidenceStore } from './ports.ts'

/** The package that a decision names, checked as at every load. */
export type ReplayModel =
  | {
      readonly kind: 'opened'
      /** Features that it reads. */
      readonly width: number
      readonly score: (features: Float32Array) => number
    }
  /** `detail` says where to get it. */
  | { readonly kind: 'absent'; readonly detail: string }
  | { readonly kind: 'changed'; readonly detail: string }

export interface ReplayModels {
  /** @param digest SHA-256 of the manifest that judged */
  open(model: string, digest: string): Promise<ReplayModel>
}

export interface CreationEntry {
  readonly sequence: number
  readonly after: unknown
}

export interface DecisionReplayPorts {
  readonly decisions: Pick<DecisionStore, 'find' | 'list'>
  readonly evidence: Pick<EvidenceStore, 'find'>
  /** The audit entry with which a decision was made, if there is one. */
  readonly findCreation: (decisionId: string) => CreationEntry | undefined
  readonly models: ReplayModels
}

export const REPLAY_OUTCOMES = [
  /** To the last bit. */
  'same',
  'differs',
  'package-absent',
  'package-changed',
  /** A model judged, and what it went by is gone. */
  'evidence-lost',
  /** Rules or a person alone decided. */
  'no-model'
] as const
export type ReplayOutcome = (typeof REPLAY_OUTCOMES)[number]

export const REPLAY_BINDINGS = [
  /** What was kept is what the audit names. */
  'bound',
  /** It is not: features, score or decision were changed afterwards. */
  'broken',
  /** The audit holds no entry of it: watches are not written there. */
  'unaudited'
] as const
export type ReplayBinding = (typeof REPLAY_BINDINGS)[number]

export interface ReplayedDecision {
  readonly decision: Decision
  readonly outcome: ReplayOutcome
  readonly binding: ReplayBinding
  readonly auditSequence: number | undefined
  readonly evidence: ModelEvidence | undefined
  /** What the model says now; undefined where it could not be asked. */
  readonly score: number | undefined
  /** One sentence for a person. */
  readonly detail: string
}

interface Found {
  readonly outcome: ReplayOutcome
  readonly score?: number
  readonly detail: string
}

export class DecisionReplay {
  readonly #ports: DecisionReplayPorts

  constructor(ports: DecisionReplayPorts) {
    this.#ports = ports
  }

  find(id: string): Decision | undefined {
    return this.#ports.decisions.find(id)
  }

  /** Newest first. */
  list(query: Parameters<DecisionStore['list']>[0]) {
    return this.#ports.decisions.list(query)
  }

  async replay(decision: Decision): Promise<ReplayedDecision> {
    const evidence = this.#ports.evidence.find(decision.id)
    const entry = this.#ports.findCreation(decision.id)
    const { binding, fault } = bindingOf(decision, evidence, entry)
    const found = await this.#judge(decision, evidence, entry)
    const details = fault === undefined ? [found.detail] : [found.detail, fault]
    return {
      ...{ decision, evidence, binding, auditSequence: entry?.sequence },
      ...{ outcome: found.outcome, score: found.score, detail: details.join('; ') }
    }
  }

  async #judge(
    decision: Decision,
    evidence: ModelEvidence | undefined,
    entry: CreationEntry | undefined
  ): Promise<Found> {
    if (evidence === undefined) {
      const isLost = decision.model !== undefined || namedEvidence(entry) !== undefined
      return isLost
        ? { outcome: 'evidence-lost', detail: 'a model judged, but what it went by is gone' }
        : { outcome: 'no-model', detail: 'no model judged: the rules say themselves why' }
    }
    const { model, digest, features } = evidence
    const opened = await this.#ports.models.open(model, digest)
    if (opened.kind !== 'opened')
      return { outcome: `package-${opened.kind}`, detail: opened.detail }
    if (opened.width !== features.length) {
      const detail = `${model} reads ${opened.width} features, kept are ${features.length}`
      return { outcome: 'differs', detail }
    }
    const score = opened.score(features)
    if (Object.is(score, evidence.score)) {
      return { outcome: 'same', score, detail: `${model} gives ${score} again, to the last bit` }
    }
    const by = Math.abs(score - evidence.score)
    const detail = `${model} gives ${score} now, kept is ${evidence.score}: they differ by ${by.toPrecision(3)}`
    return { outcome: 'differs', score, detail }
  }
}

function namedEvidence(entry: CreationEntry | undefined): string | undefined {
  const named = fieldOf(entry, 'evidence')
  return typeof named === 'string' ? named : undefined
}

function fieldOf(entry: CreationEntry | undefined, name: string): unknown {
  const after = entry?.after
  if (typeof after !== 'object' || after === null) return undefined
  return (after as Readonly<Record<string, unknown>>)[name]
}

/** Mode and end of a decision change in its time; what it is about does not. */
const FIXED = ['value', 'type', 'category'] as const

function bindingOf(
  decision: Decision,
  evidence: ModelEvidence | undefined,
  entry: CreationEntry | undefined
): { readonly binding: ReplayBinding; readonly fault?: string } {
  if (entry === undefined) return { binding: 'unaudited' }
  const where = `entry ${entry.sequence} of the audit`
  const changed = FIXED.filter((name) => fieldOf(entry, name) !== decision[name])
  if (changed.length > 0) {
    return { binding: 'broken', fault: `${where} has another ${changed.join(', ')}` }
  }
  const named = namedEvidence(entry)
  if (evidence === undefined) {
    return named === undefined
      ? { binding: 'bound' }
      : { binding: 'broken', fault: `${where} names what is not there any more` }
  }
  if (named === evidenceDigest(decision.id, evidence)) return { binding: 'bound' }
  const fault =
    named === undefined
      ? `${where} knows of no model: what is kept was added later`
      : `what is kept is not what ${where} names: it was changed afterwards`
  return { binding: 'broken', fault }
}
