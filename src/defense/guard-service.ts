/**
 * The guard of a running node: feeds events to the core, stores what it decides together with the audit row before anything is
 * applied, tells the actuators what should be held, and answers questions. If the store fails, the decision still stands in
 * memory and at the actuators for its time, the failure is reported, and storing is tried again with the next tick.
 */
import { type Component, displayPrefix, getAddress, getPrefix } from '../base/index.ts'
import type { TrafficEvent } from '../keyserver/index.ts'
import { ActuatorFeed } from './actuator-feed.ts'
import type { Decision, GuardEffect } from './decision.ts'
import { liftDecision, liftedBy } from './decision-end.ts'
import { DecisionJournal } from './decision-journal.ts'
import { desiredEntries } from './desired-entries.ts'
import { EffectHub } from './effect-hub.ts'
import { GuardError } from './errors.ts'
import { explainAddress } from './explain.ts'
import type { GuardApi, GuardStatus } from './guard-api.ts'
import { startTicking } from './guard-clock.ts'
import { type GuardInput, step } from './guard-core.ts'
import type { GuardServiceOptions, GuardServicePorts } from './guard-service-ports.ts'
import type { GuardSettings } from './guard-settings.ts'
import {
  createGuardState,
  type GuardMemory,
  type GuardState,
  recallGuard,
  rememberGuard
} from './guard-state.ts'
import { ListEditor, type ListImport, type NewEntry } from './list-editor.ts'
import { ModeEditor } from './mode-editor.ts'
import { NeverBlock } from './never-block.ts'
import { OwnBlocks } from './own-blocks.ts'
import type { Actor, DecisionQuery, ListEntry, ModeSettings } from './ports.ts'
import { recallHistory, restoreDecisions } from './recall.ts'
import { decisionsAbout, followMode, releaseProtected } from './reconcile.ts'
import { reportShadow } from './shadow-report.ts'

const TICK_MS = 1_000
/** Entries of the lists end by the clock, and with them what they held back. */
const LISTS_AGAIN_MS = 60_000

interface GuardSnapshot {
  readonly core: GuardMemory
  readonly policy: unknown
}

export class GuardService implements GuardApi, Component {
  readonly name = 'guard'
  readonly #options: GuardServiceOptions
  readonly #ports: GuardServicePorts
  readonly #lists: ListEditor
  readonly #modes: ModeEditor
  readonly #journal: DecisionJournal
  readonly #ownBlocks: OwnBlocks
  readonly #feed: ActuatorFeed
  readonly #hub: EffectHub
  #state: GuardState = createGuardState()
  #settings: GuardSettings
  #startedAtMs = 0
  #tickedAtMs = 0
  #listsReadAtMs = 0
  #stopped = new AbortController()

  constructor(options: GuardServiceOptions, ports: GuardServicePorts) {
    this.#options = options
    this.#ports = ports
    this.#lists = new ListEditor(ports)
    this.#modes = new ModeEditor(ports)
    this.#journal = new DecisionJournal(ports)
    this.#ownBlocks = new OwnBlocks(this.#lists, this.#journal)
    this.#hub = new EffectHub(ports)
    this.#feed = new ActuatorFeed(ports, () => this.#desired('applied'))
    this.#settings = {
      ...options,
      policy: ports.policy,
      createId: ports.createId,
      // Until the start has read what holds, nothing is applied.
      mode: { overall: 'shadow', byCategory: {}, previous: undefined },
      neverBlock: new NeverBlock({ ...options, allowlist: [], protectedEntries: [] })
    }
  }

  /** What was decided before stands again, unless what protects or the mode has changed meanwhile. @throws {StorageError} */
  start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { clock, facts, decisions } = this.#ports
    this.#stopped = new AbortController()
    this.#startedAtMs = clock.nowMs()
    this.#tickedAtMs = clock.monotonicMs()
    startTicking(this.#state.clock, this.#startedAtMs)
    this.#settings = {
      ...this.#settings,
      mode: this.#ports.mode.get(),
      neverBlock: this.#readProtection()
    }
    recallHistory(this.#state, decisions, this.#options.ladderMemoryMs)
    const { neverBlock, mode } = this.#settings
    this.#carryOut([
      ...restoreDecisions(this.#state, decisions),
      ...releaseProtected(this.#state, [...this.#state.standing.all()], { neverBlock }),
      ...followMode(this.#state, mode)
    ])
    this.#resumeBlocks()
    this.#feed.tell()
    const stopListening = facts.onChange(() => this.#attempt('facts', () => this.#protectAnew()))
    this.#stopped.signal.addEventListener('abort', stopListening, { once: true })
    clock.every(this.#options.tickMs ?? TICK_MS, () => this.tick(), this.#stopped.signal)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped.abort()
    this.#journal.retry()
    this.#hub.clear()
    return Promise.resolve()
  }

  /** The sink of every log source. */
  observe(event: TrafficEvent): void {
    this.#ports.metrics.observed(event.kind)
    this.#attempt(event.kind, () => this.#advance(event))
  }

  tick(): void {
    const { clock } = this.#ports
    this.#attempt('tick', () => {
      this.#journal.retry()
      const monotonicMs = clock.monotonicMs()
      const elapsedMs = monotonicMs - this.#tickedAtMs
      this.#tickedAtMs = monotonicMs
      this.#advance({ kind: 'tick', atMs: clock.nowMs(), elapsedMs })
      if (monotonicMs - this.#listsReadAtMs >= LISTS_AGAIN_MS) this.#resumeBlocks()
      this.#feed.tellIfStale()
    })
  }

  /** What a checkpoint holds; decisions themselves are in the store. */
  snapshot(): GuardSnapshot {
    return { core: rememberGuard(this.#state), policy: this.#ports.policy.snapshot() }
  }

  /** Call before `start`. @throws {GUARD_STATE_INVALID | DETECTION_STATE_INVALID} */
  restore(snapshot: unknown): void {
    const saved = snapshot as Partial<GuardSnapshot> | undefined | null
    const state = recallGuard(saved?.core)
    this.#ports.policy.restore(saved?.policy)
    this.#state = state
  }

  /** Why decisions cannot be stored just now; undefined if they can. */
  get storeProblem(): string | undefined {
    return this.#journal.problem
  }

  status(): GuardStatus {
    const active = { ban: 0, throttle: 0, watch: 0 }
    for (const decision of this.#state.standing.all()) active[decision.type]++
    return {
      startedAtMs: this.#startedAtMs,
      mode: this.#settings.mode,
      policy: this.#ports.policy.name,
      eventsTotal: this.#state.eventsTotal,
      sourcesTracked: this.#ports.policy.sourcesTracked,
      activeDecisions: active,
      lastEventAtMs: this.#state.clock.logMs === 0 ? undefined : this.#state.clock.logMs,
      actuators: this.#ports.actuators.statuses()
    }
  }

  decisions(query: DecisionQuery) {
    return this.#ports.decisions.list(query)
  }

  explain(address: string) {
    return explainAddress(getAddress(address), {
      ports: this.#ports,
      neverBlock: this.#settings.neverBlock,
      atMs: this.#ports.clock.nowMs()
    })
  }

  lift(id: string, actor: Actor, reason: string): Decision {
    const standing = this.#state.standing.find(id)
    if (standing === undefined) {
      if (this.#ports.decisions.find(id) !== undefined) {
        throw new GuardError('DECISION_NOT_ACTIVE', `decision ${id} has ended already`)
      }
      throw new GuardError('DECISION_NOT_FOUND', `expected the id of a decision, got "${id}"`)
    }
    return this.#liftFor(actor, [standing], reason)[0] ?? standing
  }

  allowlist(): readonly ListEntry[] {
    return this.#lists.all('allowlist')
  }

  allow(entry: NewEntry, actor: Actor): ListEntry {
    const added = this.#lists.addToAllowlist(entry, actor)
    this.#settings = { ...this.#settings, neverBlock: this.#readProtection() }
    const { neverBlock } = this.#settings
    const touched = decisionsAbout(this.#state, [added.prefix])
    this.#carryOut(
      releaseProtected(this.#state, touched, { neverBlock, by: actor, isForgiven: true })
    )
    for (const decision of touched) this.#forget(decision)
    this.#feed.tell()
    return added
  }

  disallow(prefix: string, actor: Actor): void {
    this.#lists.remove('allowlist', prefix, { actor })
    this.#settings = { ...this.#settings, neverBlock: this.#readProtection() }
    this.#resumeBlocks()
    this.#feed.tellIfStale()
  }

  blocklist(): readonly ListEntry[] {
    return this.#lists.all('blocklist')
  }

  block(entry: NewEntry, actor: Actor): { entry: ListEntry; decision: Decision } {
    const { added, decision, changes } = this.#ownBlocks.add(entry, this.#blockAt(actor))
    this.#hub.publish(changes)
    this.#feed.tell()
    return { entry: added, decision }
  }

  importBlocks(entries: readonly NewEntry[], actor: Actor): ListImport {
    const { outcome, changes } = this.#ownBlocks.import(entries, this.#blockAt(actor))
    this.#hub.publish(changes)
    if (changes.length > 0) this.#feed.tell()
    return outcome
  }

  #blockAt(actor: Actor) {
    return { state: this.#state, neverBlock: this.#settings.neverBlock, actor }
  }

  unblock(prefix: string, actor: Actor): void {
    const { text } = getPrefix(prefix)
    const value = displayPrefix(getPrefix(text))
    const held = [...decisionsAbout(this.#state, [text])].filter(
      (decision) => decision.origin === 'operator' && decision.value === value
    )
    this.#lists.remove('blocklist', text, {
      actor,
      alongside: () => this.#liftFor(actor, held, 'taken from the blocklist')
    })
  }

  mode(): ModeSettings {
    return this.#settings.mode
  }

  setMode(change: Parameters<GuardApi['setMode']>[0], actor: Actor, reason: string): ModeSettings {
    return this.#follow(this.#modes.set(change, actor, reason))
  }

  undoMode(actor: Actor): ModeSettings {
    return this.#follow(this.#modes.undo(actor))
  }

  shadowReport(sinceMs: number) {
    return reportShadow(sinceMs, this.#ports)
  }

  actuators() {
    return this.#ports.actuators.statuses()
  }

  dryRun(signal: AbortSignal) {
    return this.#ports.actuators.dryRun(this.#desired('all'), signal)
  }

  sweep(signal: AbortSignal) {
    return this.#ports.actuators.sweep(signal)
  }

  subscribe(listener: (effect: GuardEffect) => void): () => void {
    return this.#hub.subscribe(listener)
  }

  heldPrefixes(type: 'ban' | 'throttle') {
    return this.#desired('applied')
      .filter((entry) => entry.action === type)
      .map((entry) => entry.prefix)
  }

  #advance(input: GuardInput): void {
    const effects = step(this.#state, input, this.#settings)
    this.#carryOut(effects)
    // Decisions are applied at once; what merely ended can wait for the next tick.
    if (effects.some((effect) => effect.kind === 'decided')) this.#feed.tell()
  }

  /** Stored first, then said; the actuators are told by the caller, or with the next tick. */
  #carryOut(effects: readonly GuardEffect[]): void {
    if (effects.length === 0) return
    this.#journal.record(effects)
    this.#hub.publish(effects)
    this.#feed.markStale()
  }

  #desired(which: 'applied' | 'all') {
    const { neverBlock } = this.#settings
    const atMs = this.#ports.clock.nowMs()
    return desiredEntries(this.#state.standing.all(), which, { atMs, neverBlock })
  }

  /** Ends decisions because a person said so. Stored, or nothing is changed. */
  #liftFor(actor: Actor, decisions: readonly Decision[], liftReason: string): readonly Decision[] {
    const lift = { atMs: this.#ports.clock.nowMs(), by: actor, liftReason, isForgiven: true }
    const ended = decisions.map((decision) => ({
      kind: 'ended' as const,
      decision: liftedBy(decision, lift),
      atMs: lift.atMs,
      why: 'lifted' as const
    }))
    this.#journal.write(ended, () => {
      for (const { origin, prefixes } of decisions) {
        if (origin !== 'operator') continue
        for (const prefix of prefixes) this.#ports.blocklist.remove(prefix)
      }
    })
    for (const decision of decisions) {
      liftDecision(this.#state, decision, lift)
      this.#forget(decision)
    }
    this.#hub.publish(ended)
    this.#feed.tell()
    return ended.map((effect) => effect.decision)
  }

  /** What made a decision that a person took back must not make the next one. */
  #forget({ scope, value }: Decision): void {
    if (scope === 'address') this.#ports.policy.forget?.(value)
  }

  #follow(mode: ModeSettings): ModeSettings {
    this.#settings = { ...this.#settings, mode }
    this.#carryOut(followMode(this.#state, mode))
    this.#feed.tell()
    return mode
  }

  #readProtection(): NeverBlock {
    return new NeverBlock({
      treatAsPublic: this.#options.treatAsPublic,
      allowlist: this.#lists.all('allowlist'),
      protectedEntries: this.#ports.facts.current().entries
    })
  }

  /** The facts about this machine have changed: what they protect now is let go at once. */
  #protectAnew(): void {
    const neverBlock = this.#readProtection()
    this.#settings = { ...this.#settings, neverBlock }
    const { entries } = this.#ports.facts.current()
    const prefixes = entries.map((entry) => entry.prefix)
    const touched = decisionsAbout(this.#state, prefixes)
    this.#carryOut(releaseProtected(this.#state, touched, { neverBlock }))
    this.#resumeBlocks()
    this.#feed.tell()
  }

  /** Never throws: neither a broken store nor a strange line may stop who brings the news. */
  #attempt(what: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#hub.reportFailure(what, error)
    }
  }

  #resumeBlocks(): void {
    this.#listsReadAtMs = this.#ports.clock.monotonicMs()
    const { neverBlock } = this.#settings
    this.#carryOut(this.#ownBlocks.resume({ state: this.#state, neverBlock }))
  }
}
