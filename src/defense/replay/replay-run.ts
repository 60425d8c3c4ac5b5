/**
 * Recorded events through the core of the live node, with enforcement on and the log's own clock, and what came of it for each
 * source. Pure. Remembers one record for each source, since each is reported at the end; it does not grow with the lines.
 *
 * Frozen baselines are not our detection and must not be judged as if they were: they have neither our never-block list (what they
 * would have done to a partner is their fault to show) nor our breaker nor our ladder (they say themselves how long they refuse),
 * and no bound on decisions. They stand in the request's way, so the request that they refuse is itself prevented; our own
 * policies speak when the line is written, so that only what arrives afterwards is.
 */
import type { AddressText, PrefixText } from '../../base/index.ts'
import { DetectionError, type Policy, type Verdict } from '../../detection/index.ts'
import type { TrafficEvent } from '../../keyserver/index.ts'
import type { Decision, GuardEffect } from '../decision.ts'
import { step } from '../guard-core.ts'
import type { GuardSettings } from '../guard-settings.ts'
import { createGuardState, type GuardState, recallGuard, rememberGuard } from '../guard-state.ts'
import { NeverBlock } from '../never-block.ts'
import { createRecord, noteDecision, noteSeen, type SourceRecord } from './source-record.ts'
import { WideDecisions } from './wide-decisions.ts'

export interface ReplayRunOptions {
  readonly policy: Policy
  /** A frozen baseline: see above. */
  readonly isFrozen: boolean
  /** Reserved addresses that are judged like public ones. */
  readonly treatAsPublic: readonly PrefixText[]
  /** Partners and allowlist, whose sources need the network or the node's database. */
  readonly allow: readonly PrefixText[]
  readonly throttleTtlMs: number
  readonly banLadderMs: readonly number[]
  readonly ladderMemoryMs: number
  readonly maxActive: number
}

interface ReplayMemory {
  readonly version: number
  readonly policy: string
  readonly guard: unknown
  readonly detection: unknown
  readonly standing: readonly Decision[]
  readonly decisions: number
}

const MEMORY_VERSION = 1
const EVERYTHING: readonly PrefixText[] = ['0.0.0.0/0', '::/0']
const NOTHING: readonly Verdict[] = []

export class ReplayRun {
  readonly #policy: Policy
  readonly #isFrozen: boolean
  readonly #settings: GuardSettings
  readonly #records = new Map<AddressText, SourceRecord>()
  readonly #wide = new WideDecisions()
  /** How many prefixes of a swarm were seen to. */
  readonly #membersNoted = new Map<string, number>()
  #state: GuardState = createGuardState()
  #verdicts = NOTHING
  #decisions = 0
  #isSettled = false

  constructor(options: ReplayRunOptions) {
    const { policy, isFrozen, treatAsPublic, allow } = options
    this.#policy = policy
    this.#isFrozen = isFrozen
    this.#settings = {
      policy: {
        name: policy.name,
        observe: (event, standing) => {
          this.#verdicts = policy.observe(event, standing)
          return this.#verdicts
        },
        shiftTime: (byMs) => policy.shiftTime?.(byMs),
        snapshot: () => policy.snapshot(),
        restore: (snapshot) => policy.restore(snapshot)
      },
      mode: { overall: 'enforce', byCategory: {}, previous: undefined },
      neverBlock: new NeverBlock({
        treatAsPublic: isFrozen ? EVERYTHING : treatAsPublic,
        allowlist: isFrozen ? [] : allow.map(allowed),
        protectedEntries: []
      }),
      throttleTtlMs: options.throttleTtlMs,
      banLadderMs: options.banLadderMs,
      ladderMemoryMs: options.ladderMemoryMs,
      maxActive: isFrozen ? Number.MAX_SAFE_INTEGER : options.maxActive,
      createId: () => String(this.#decisions++)
    }
  }

  get sourcesTotal(): number {
    return this.#records.size
  }

  /** @returns decisions that it led to */
  observe(event: TrafficEvent): readonly Decision[] {
    const source = sourceOf(event)
    const record = source === undefined ? undefined : this.#recordOf(source, event.atMs)
    const isRequest = event.kind === 'request'
    const before = record?.requests ?? 0
    // Asked first: what ends with this line still stood when its request came.
    const applied =
      !this.#isFrozen && source !== undefined && this.#state.standing.size > 0
        ? this.#state.standing.findApplied(source, event.atMs)
        : undefined
    if (record !== undefined && isRequest) record.requests++
    this.#verdicts = NOTHING
    const decided: Decision[] = []
    for (const effect of step(this.#state, event, this.#settings)) this.#note(effect, decided)
    if (record === undefined) return decided
    // Who only connects to the gossip port sends no request, and shares in a decision on its /64 all the same.
    if (applied !== undefined) noteCovered(record, applied, before)
    if (!isRequest) return decided
    const isPrevented = this.#isFrozen
      ? this.#verdicts.some(isRefusal)
      : applied !== undefined || isWithinReplaced(record, event.atMs)
    if (isPrevented) record.prevented++
    return decided
  }

  /** Every source with what became of it, in the order in which they were first seen. Call when all events are in. */
  sources(): ReadonlyMap<AddressText, Readonly<SourceRecord>> {
    if (!this.#isSettled) {
      for (const [source, record] of this.#records) this.#wide.settle(source, record)
    }
    this.#isSettled = true
    return this.#records
  }

  /** What was learned, so that another log can go on from here; not what is reported of this one. Structured-cloneable. */
  snapshot(): unknown {
    const memory: ReplayMemory = {
      version: MEMORY_VERSION,
      policy: this.#policy.name,
      guard: rememberGuard(this.#state),
      detection: this.#policy.snapshot(),
      standing: [...this.#state.standing.all()],
      decisions: this.#decisions
    }
    return memory
  }

  /** @throws {DETECTION_STATE_INVALID | GUARD_STATE_INVALID} */
  restore(snapshot: unknown): void {
    const memory = snapshot as ReplayMemory | undefined
    if (memory?.version !== MEMORY_VERSION || memory.policy !== this.#policy.name) {
      throw new DetectionError(
        'DETECTION_STATE_INVALID',
        `expected what ${this.#policy.name} has learned, version ${MEMORY_VERSION}, got that of ${String(memory?.policy)}, version ${String(memory?.version)}`
      )
    }
    this.#policy.restore(memory.detection)
    const state = recallGuard(memory.guard)
    for (const decision of memory.standing) state.standing.put(decision)
    this.#state = state
    this.#decisions = memory.decisions
  }

  #recordOf(source: AddressText, atMs: number): SourceRecord {
    const known = this.#records.get(source)
    if (known !== undefined) {
      noteSeen(known, atMs)
      return known
    }
    const record = createRecord(atMs)
    this.#records.set(source, record)
    return record
  }

  #note(effect: GuardEffect, decided: Decision[]): void {
    if (effect.kind === 'suppressed') return
    const { decision } = effect
    if (effect.kind === 'ended') {
      this.#membersNoted.delete(decision.id)
      const record = decision.scope === 'address' ? this.#records.get(decision.value) : undefined
      if (record === undefined || effect.why !== 'superseded' || decision.type === 'watch') return
      record.replacedFromMs = decision.createdAtMs
      record.replacedUntilMs = effect.atMs
      return
    }
    const isNew = effect.kind === 'decided'
    if (isNew) decided.push(decision)
    const atMs = isNew ? decision.createdAtMs : this.#state.clock.nowMs
    if (decision.scope === 'address') this.#noteAddress(decision.value, decision, atMs)
    else this.#noteMembers(decision, atMs)
  }

  #noteAddress(source: AddressText, decision: Decision, atMs: number): void {
    const record = this.#records.get(source)
    if (record === undefined) return
    // A plug-in refuses the very request; it does not come before the decision about it.
    const requestsBefore = this.#isFrozen ? Math.max(0, record.requests - 1) : record.requests
    noteDecision(record, decision, { atMs, requestsBefore })
  }

  #noteMembers(decision: Decision, atMs: number): void {
    const { id, prefixes } = decision
    for (let at = this.#membersNoted.get(id) ?? 0; at < prefixes.length; at++) {
      const prefix = prefixes[at] ?? ''
      if (prefix.endsWith('/32')) this.#noteAddress(prefix.slice(0, -3), decision, atMs)
      else this.#wide.add(prefix, decision, atMs)
    }
    this.#membersNoted.set(id, prefixes.length)
  }
}

function noteCovered(record: SourceRecord, applied: Decision, requestsBefore: number): void {
  noteDecision(record, applied, { atMs: applied.createdAtMs, requestsBefore })
}

function isRefusal({ level }: Verdict): boolean {
  return level === 'throttle' || level === 'ban'
}

function isWithinReplaced(record: SourceRecord, atMs: number): boolean {
  return atMs >= record.replacedFromMs && atMs < record.replacedUntilMs
}

function allowed(prefix: PrefixText) {
  return { prefix, note: '', addedBy: 'replay', createdAtMs: 0, untilMs: undefined }
}

function sourceOf(event: TrafficEvent): AddressText | undefined {
  switch (event.kind) {
    case 'request':
    case 'submission':
    case 'keyserver-notice':
    case 'proxy-notice':
      return event.source
    case 'recon':
      return event.peer
    default:
      return undefined
  }
}
