/**
 * The guard of a running node: feeds events to the core, stores what it decides together with the audit row before anything is
 * applied, tells the actuators what should be held, and answers questions. If the store fails, the decision still stands in
 * memory and at the actuators for its time, the failure is reported, and storing is tried again with the next tick.
 */
import {
  type Component,
  displayPrefix,
  getAddress,
  getPrefix,
  messageOf,
  type PrefixText
} from '../base/index.ts'
import type { TrafficEvent } from '../keyserver/index.ts'
import type { Decision, GuardEffect } from './decision.ts'
import { desiredEntries } from './desired-entries.ts'
import { GuardError } from './errors.ts'
import { explainAddress } from './explain.ts'
import type { GuardApi, GuardStatus, ShadowReport } from './guard-api.ts'
import {
  createGuardState,
  end,
  GUARD_STATE_VERSION,
  type GuardInput,
  type GuardSettings,
  type GuardState,
  putInForce,
  step
} from './guard-core.ts'
import type { GuardServiceOptions, GuardServicePorts } from './guard-service-ports.ts'
import { ListEditor } from './list-editor.ts'
import { ModeEditor } from './mode-editor.ts'
import { NeverBlock } from './never-block.ts'
import type {
  Actor,
  ActuatorStatus,
  DecisionQuery,
  Explanation,
  ListEntry,
  ModeSettings,
  Page
} from './ports.ts'
import { reportShadow } from './shadow-report.ts'

const TICK_MS = 1_000
const UNSTORED_MAX = 10_000
const LISTENERS_MAX = 256

export interface GuardSnapshot {
  readonly version: number
  readonly core: Omit<GuardState, 'active' | 'byPrefix' | 'byValue'>
  readonly policy: unknown
}

export class GuardService implements GuardApi, Component {
  readonly name = 'guard'
  readonly #options: GuardServiceOptions
  readonly #ports: GuardServicePorts
  readonly #listeners = new Set<(effect: GuardEffect) => void>()
  readonly #lists: ListEditor
  readonly #modes: ModeEditor
  #state = createGuardState()
  #settings: GuardSettings
  #unstored: GuardEffect[] = []
  #startedAtMs = 0
  #isDesiredStale = false
  #stopped = new AbortController()

  constructor(options: GuardServiceOptions, ports: GuardServicePorts) {
    this.#options = options
    this.#ports = ports
    this.#lists = new ListEditor(ports)
    this.#modes = new ModeEditor(ports)
    this.#settings = this.#readSettings()
  }

  start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#stopped = new AbortController()
    this.#startedAtMs = this.#ports.clock.nowMs()
    this.#refreshSettings()
    for (const decision of this.#ports.decisions.active(this.#startedAtMs)) {
      putInForce(this.#state, decision)
    }
    this.#advance({ kind: 'tick', atMs: this.#startedAtMs })
    this.#tellActuators()
    const stopListening = this.#ports.facts.onChange(() => this.#refreshSettings())
    this.#stopped.signal.addEventListener('abort', stopListening, { once: true })
    this.#ports.clock.every(
      this.#options.tickMs ?? TICK_MS,
      () => this.tick(),
      this.#stopped.signal
    )
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped.abort()
    this.#storeAgain()
    this.#listeners.clear()
    return Promise.resolve()
  }

  /** The sink of every log source. Never throws: a broken store must not stop the reader. */
  observe(event: TrafficEvent): void {
    this.#ports.metrics.observed(event.kind)
    this.#advance(event)
  }

  tick(): void {
    this.#storeAgain()
    this.#advance({ kind: 'tick', atMs: this.#ports.clock.nowMs() })
    if (this.#isDesiredStale) this.#tellActuators()
  }

  /** What a checkpoint holds; decisions themselves are in the store. */
  snapshot(): GuardSnapshot {
    const { active: _active, byPrefix: _byPrefix, byValue: _byValue, ...core } = this.#state
    return { version: GUARD_STATE_VERSION, core, policy: this.#ports.policy.snapshot() }
  }

  /** Call before `start`. @throws {GUARD_STATE_INVALID | DETECTION_STATE_INVALID} */
  restore(snapshot: unknown): void {
    const saved = snapshot as GuardSnapshot | undefined
    if (saved?.version !== GUARD_STATE_VERSION) {
      throw new GuardError(
        'GUARD_STATE_INVALID',
        `expected guard state of version ${GUARD_STATE_VERSION}, got ${String(saved?.version)}`
      )
    }
    this.#ports.policy.restore(saved.policy)
    this.#state = { ...createGuardState(), ...saved.core }
  }

  status(): GuardStatus {
    const active = { ban: 0, throttle: 0, watch: 0 }
    for (const decision of this.#state.active.values()) active[decision.type]++
    return {
      startedAtMs: this.#startedAtMs,
      mode: this.#settings.mode,
      policy: this.#ports.policy.name,
      eventsTotal: this.#state.eventsTotal,
      sourcesTracked: this.#ports.policy.sourcesTracked,
      activeDecisions: active,
      lastEventAtMs: this.#state.eventsTotal === 0 ? undefined : this.#state.nowMs,
      actuators: this.#ports.actuators.statuses()
    }
  }

  decisions(query: DecisionQuery): Page<Decision> {
    return this.#ports.decisions.list(query)
  }

  explain(address: string): Explanation {
    return explainAddress(getAddress(address), {
      ports: this.#ports,
      neverBlock: this.#settings.neverBlock,
      atMs: this.#ports.clock.nowMs()
    })
  }

  lift(id: string, actor: Actor, reason: string): Decision {
    const stored = this.#ports.decisions.find(id)
    if (stored === undefined) {
      throw new GuardError('DECISION_NOT_FOUND', `expected the id of a decision, got "${id}"`)
    }
    const active = this.#state.active.get(id)
    if (active === undefined) {
      throw new GuardError('DECISION_NOT_ACTIVE', `decision ${id} has ended already`)
    }
    return this.#end(active, actor, reason)
  }

  allowlist(): readonly ListEntry[] {
    return this.#ports.allowlist.all()
  }

  allow(
    entry: { prefix: string; note: string; untilMs: number | undefined },
    actor: Actor
  ): ListEntry {
    const added = this.#lists.addToAllowlist(entry, actor)
    this.#refreshSettings()
    for (const decision of [...this.#state.active.values()]) {
      const isCovered = decision.prefixes.some(
        (prefix) =>
          this.#settings.neverBlock.find(prefix, this.#ports.clock.nowMs())?.kind === 'allowlist'
      )
      if (isCovered) this.#endFor(decision, added.prefix, actor)
    }
    this.#tellActuators()
    return added
  }

  disallow(prefix: string, actor: Actor): void {
    this.#lists.remove('allowlist', prefix, actor)
    this.#refreshSettings()
  }

  blocklist(): readonly ListEntry[] {
    return this.#ports.blocklist.all()
  }

  block(
    entry: { prefix: string; note: string; untilMs: number | undefined },
    actor: Actor
  ): { entry: ListEntry; decision: Decision } {
    const { added, decision } = this.#lists.addToBlocklist(entry, {
      actor,
      neverBlock: this.#settings.neverBlock
    })
    const before = this.#state.active.get(this.#state.byValue.get(decision.value) ?? '')
    if (before !== undefined) this.#end(before, actor, 'replaced by the operator’s own block')
    putInForce(this.#state, decision)
    this.#publish({ kind: 'decided', decision })
    this.#tellActuators()
    return { entry: added, decision }
  }

  unblock(prefix: string, actor: Actor): void {
    const removed = this.#lists.remove('blocklist', prefix, actor)
    const value = displayPrefix(getPrefix(removed))
    for (const decision of [...this.#state.active.values()]) {
      if (decision.origin === 'operator' && decision.value === value) {
        this.#end(decision, actor, 'taken from the blocklist')
      }
    }
  }

  mode(): ModeSettings {
    return this.#settings.mode
  }

  setMode(change: Parameters<GuardApi['setMode']>[0], actor: Actor, reason: string): ModeSettings {
    const settings = this.#modes.set(change, actor, reason)
    this.#refreshSettings()
    return settings
  }

  undoMode(actor: Actor): ModeSettings {
    const settings = this.#modes.undo(actor)
    this.#refreshSettings()
    return settings
  }

  shadowReport(sinceMs: number): ShadowReport {
    return reportShadow(sinceMs, this.#ports)
  }

  actuators(): readonly ActuatorStatus[] {
    return this.#ports.actuators.statuses()
  }

  dryRun(signal: AbortSignal): Promise<readonly { name: string; lines: readonly string[] }[]> {
    return this.#ports.actuators.dryRun(desiredEntries(this.#state.active.values(), 'all'), signal)
  }

  sweep(signal: AbortSignal): Promise<readonly { name: string; removed: number }[]> {
    return this.#ports.actuators.sweep(signal)
  }

  subscribe(listener: (effect: GuardEffect) => void): () => void {
    if (this.#listeners.size < LISTENERS_MAX) this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  heldPrefixes(type: 'ban' | 'throttle'): readonly PrefixText[] {
    return desiredEntries(this.#state.active.values(), 'applied')
      .filter((entry) => entry.action === type)
      .map((entry) => entry.prefix)
  }

  #advance(input: GuardInput): void {
    const effects = step(this.#state, input, this.#settings)
    if (effects.length === 0) return
    this.#store(effects)
    for (const effect of effects) this.#publish(effect)
    this.#isDesiredStale = true
    // Decisions are applied at once; what merely ended can wait for the next tick.
    if (effects.some((effect) => effect.kind === 'decided')) this.#tellActuators()
  }

  #end(decision: Decision, actor: Actor, reason: string): Decision {
    const atMs = this.#ports.clock.nowMs()
    const lifted: Decision = { ...decision, liftedAtMs: atMs, liftedBy: actor, liftReason: reason }
    this.#ports.unitOfWork.run(() => {
      this.#ports.decisions.update(lifted)
      this.#ports.audit.append({
        actor,
        action: 'decision.lift',
        target: lifted.id,
        before: { value: decision.value, type: decision.type, untilMs: decision.untilMs },
        after: { liftedAtMs: atMs },
        reason
      })
    })
    end(this.#state, decision, { atMs, why: 'lifted' })
    this.#publish({ kind: 'ended', decision: lifted, atMs, why: 'lifted' })
    this.#tellActuators()
    return lifted
  }

  /** Ends a decision for an allowed prefix; of a swarm only the allowed members are let go. */
  #endFor(decision: Decision, allowed: PrefixText, actor: Actor): void {
    const atMs = this.#ports.clock.nowMs()
    const rest = decision.prefixes.filter(
      (prefix) => this.#settings.neverBlock.find(prefix, atMs) === undefined
    )
    if (rest.length === 0) {
      this.#end(decision, actor, `allowlisted: ${allowed}`)
      return
    }
    const smaller: Decision = { ...decision, prefixes: rest }
    end(this.#state, decision, { atMs, why: 'superseded' })
    putInForce(this.#state, smaller)
    this.#store([{ kind: 'extended', decision: smaller }])
    this.#publish({ kind: 'extended', decision: smaller })
  }

  #publish(effect: GuardEffect): void {
    const { metrics, logger } = this.#ports
    if (effect.kind === 'decided') {
      const { type, category, mode, value } = effect.decision
      metrics.decided(type, category, mode)
      logger.debug({ value, type, category, mode }, 'decided')
    } else if (effect.kind === 'ended') metrics.ended(effect.why)
    else if (effect.kind === 'suppressed') metrics.suppressed(effect.suppression.protectedBy)
    for (const listener of this.#listeners) {
      try {
        listener(effect)
      } catch (error) {
        logger.warn({ reason: messageOf(error) }, 'a listener failed')
      }
    }
  }

  #storeAgain(): void {
    if (this.#unstored.length === 0) return
    const waiting = this.#unstored
    this.#unstored = []
    this.#store(waiting)
  }

  #store(effects: readonly GuardEffect[]): void {
    const { decisions, audit, unitOfWork, logger, metrics } = this.#ports
    try {
      unitOfWork.run(() => {
        for (const effect of effects) {
          if (effect.kind === 'suppressed') decisions.insertSuppression(effect.suppression)
          else if (effect.kind === 'decided') {
            decisions.insert(effect.decision)
            if (effect.decision.type !== 'watch') audit.append(auditOf(effect.decision))
          } else if (effect.kind === 'extended' || effect.why === 'superseded') {
            decisions.update(supersededAt(effect))
          }
        }
      })
    } catch (error) {
      metrics.storeFailed()
      logger.error(
        { reason: messageOf(error), effects: effects.length },
        'could not store decisions'
      )
      this.#unstored = [...this.#unstored, ...effects].slice(-UNSTORED_MAX)
    }
  }

  #tellActuators(): void {
    this.#isDesiredStale = false
    this.#ports.actuators.setDesired(desiredEntries(this.#state.active.values(), 'applied'))
  }

  #refreshSettings(): void {
    this.#settings = this.#readSettings()
  }

  #readSettings(): GuardSettings {
    const { treatAsPublic, throttleTtlMs, banLadderMs, ladderMemoryMs, maxActive } = this.#options
    return {
      policy: this.#ports.policy,
      mode: this.#ports.mode.get(),
      neverBlock: new NeverBlock({
        treatAsPublic,
        allowlist: this.#ports.allowlist.all(),
        protectedEntries: this.#ports.facts.current().entries
      }),
      throttleTtlMs,
      banLadderMs,
      ladderMemoryMs,
      maxActive,
      createId: this.#ports.createId
    }
  }
}

function auditOf(decision: Decision) {
  return {
    actor: decision.origin === 'operator' ? 'system' : decision.origin,
    action: 'decision.create',
    target: decision.id,
    before: undefined,
    after: {
      value: decision.value,
      type: decision.type,
      category: decision.category,
      mode: decision.mode,
      untilMs: decision.untilMs,
      rules: decision.reasons.map((reason) => reason.rule)
    },
    reason: decision.reasons[0]?.text ?? ''
  }
}

/** A superseded decision is stored as ended at that moment; the stronger one goes on. */
function supersededAt(effect: Extract<GuardEffect, { kind: 'extended' | 'ended' }>): Decision {
  if (effect.kind === 'extended') return effect.decision
  return {
    ...effect.decision,
    liftedAtMs: effect.atMs,
    liftedBy: 'detection',
    liftReason: 'superseded by a stronger decision'
  }
}
