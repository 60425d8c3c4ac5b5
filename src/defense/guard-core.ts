/**
 * The pure core that live node, replay and tests share: one function of (state, input). It keeps log time, asks the policy,
 * applies precedence and the never-block rules, climbs the TTL ladder, and says what changed. It knows no store, no actuator
 * and no clock. State is plain data, so that a checkpoint can hold it.
 */
import { type AddressText, neighbourhoodOf, type PrefixText } from '../base/index.ts'
import type {
  Category,
  Policy,
  StandingDecisions,
  Verdict,
  VerdictLevel
} from '../detection/index.ts'
import { VERDICT_LEVELS } from '../detection/index.ts'
import type { TrafficEvent } from '../keyserver/index.ts'
import { type Breaker, createBreaker, isBreakerOpen } from './breaker.ts'
import type { Decision, DecisionType, GuardEffect, Mode } from './decision.ts'
import type { NeverBlock } from './never-block.ts'
import type { ModeSettings } from './ports.ts'

export interface Tick {
  readonly kind: 'tick'
  readonly atMs: number
}

export type GuardInput = TrafficEvent | Tick

export interface GuardSettings {
  readonly policy: Policy
  readonly mode: ModeSettings
  readonly neverBlock: NeverBlock
  readonly throttleTtlMs: number
  /** How long the first, second, … ban of the same value stands. */
  readonly banLadderMs: readonly number[]
  /** How long an offence counts for the next rung. */
  readonly ladderMemoryMs: number
  readonly maxActive: number
  /** Makes ids; replay counts, the node draws UUIDs of version 7 (RFC 9562). */
  readonly createId: (atMs: number) => string
}

interface Offence {
  count: number
  lastEndMs: number
}

export interface GuardState {
  version: number
  /** Newest log or wall time seen. */
  nowMs: number
  /** Newest log time seen. */
  logMs: number
  /** In force, by id. */
  active: Map<string, Decision>
  /** What is in force for one prefix: id of the strongest decision. */
  byPrefix: Map<PrefixText, string>
  /** What is in force for one value (address, prefix or swarm): id. */
  byValue: Map<string, string>
  offences: Map<string, Offence>
  /** What ended by the wall clock although the log has not come so far: a node that reads an old log decides on it once. */
  outrun: Map<string, { untilMs: number; type: DecisionType }>
  suppressedAtMs: Map<string, number>
  eventsTotal: number
  /** No decision ends before this. */
  nextEndMs: number
  /** Bans decided by detection in the running ten minutes, for the breaker. */
  breaker: Breaker
}

export const GUARD_STATE_VERSION = 1
const OFFENCES_MAX = 200_000
const SUPPRESSIONS_MAX = 20_000
const SUPPRESSION_AGAIN_MS = 600_000
/** A log line from further ahead than this does not move the clock: one broken line must not end every decision. */
const JUMP_MAX_MS = 24 * 3_600_000
/** Decisions are prolonged when less than this share of their time is left, so that not every request writes a row. */
const EXTEND_BELOW = 0.5

export function createGuardState(): GuardState {
  return {
    version: GUARD_STATE_VERSION,
    nowMs: 0,
    logMs: 0,
    active: new Map(),
    byPrefix: new Map(),
    byValue: new Map(),
    offences: new Map(),
    outrun: new Map(),
    suppressedAtMs: new Map(),
    eventsTotal: 0,
    nextEndMs: Number.POSITIVE_INFINITY,
    breaker: createBreaker()
  }
}

/** What is acted on for one address: itself, or its /64. */
export function prefixOfAddress(address: AddressText): PrefixText {
  return address.includes(':') ? neighbourhoodOf(address) : `${address}/32`
}

export function modeFor(settings: ModeSettings, category: Category): Mode {
  return settings.byCategory[category] ?? settings.overall
}

function rank(level: VerdictLevel | DecisionType): number {
  return VERDICT_LEVELS.indexOf(level)
}

/** Decides on one input. Effects come in the order in which they happened. */
export function step(state: GuardState, input: GuardInput, settings: GuardSettings): GuardEffect[] {
  const effects: GuardEffect[] = []
  const atMs = input.kind === 'tick' ? input.atMs : input.loggedAtMs
  if (state.nowMs === 0 || (atMs > state.nowMs && atMs - state.nowMs <= JUMP_MAX_MS)) {
    state.nowMs = atMs
  } else if (input.kind === 'tick' && atMs > state.nowMs) state.nowMs = atMs
  if (state.nowMs >= state.nextEndMs) expire(state, effects)
  if (input.kind === 'tick') return effects
  state.eventsTotal++
  if (atMs <= state.nowMs) state.logMs = Math.max(state.logMs, atMs)
  for (const verdict of settings.policy.observe(input, standingOf(state, settings, input.atMs))) {
    apply(state, verdict, { settings, effects })
  }
  return effects
}

function standingOf(state: GuardState, settings: GuardSettings, atMs: number): StandingDecisions {
  return {
    findStanding: (address) => {
      const decision = findApplied(state, address)
      // A request that arrived before the decision was answered without it, whenever its line was written.
      if (decision === undefined || decision.createdAtMs > atMs) return undefined
      return { level: decision.type, sinceMs: decision.createdAtMs }
    },
    isProtected: (address) => settings.neverBlock.find(address, state.nowMs) !== undefined
  }
}

/** The strongest applied throttle or ban that covers an address. */
export function findApplied(state: GuardState, address: AddressText): Decision | undefined {
  let strongest: Decision | undefined
  for (const prefix of [prefixOfAddress(address), neighbourhoodOf(address)]) {
    const id = state.byPrefix.get(prefix)
    const decision = id === undefined ? undefined : state.active.get(id)
    if (decision === undefined || decision.mode !== 'enforce' || decision.type === 'watch') continue
    if (strongest === undefined || rank(decision.type) > rank(strongest.type)) strongest = decision
  }
  return strongest
}

function expire(state: GuardState, effects: GuardEffect[]): void {
  let nextEndMs = Number.POSITIVE_INFINITY
  for (const decision of state.active.values()) {
    if (decision.untilMs <= state.nowMs) {
      effects.push(end(state, decision, { atMs: decision.untilMs, why: 'expired' }))
    } else nextEndMs = Math.min(nextEndMs, decision.untilMs)
  }
  state.nextEndMs = nextEndMs
}

/** Takes a decision out of force and remembers the offence. */
export function end(
  state: GuardState,
  decision: Decision,
  how: { readonly atMs: number; readonly why: 'expired' | 'lifted' | 'superseded' }
): GuardEffect {
  state.active.delete(decision.id)
  if (state.byValue.get(decision.value) === decision.id) state.byValue.delete(decision.value)
  for (const prefix of decision.prefixes) {
    if (state.byPrefix.get(prefix) === decision.id) state.byPrefix.delete(prefix)
  }
  if (how.why !== 'superseded') restoreCover(state, decision)
  if (how.why === 'expired' && decision.untilMs > state.logMs) {
    rememberBounded(state.outrun, decision.value, {
      untilMs: decision.untilMs,
      type: decision.type
    })
  }
  if (decision.type === 'ban' && how.why === 'expired') {
    rememberOffence(state, decision.value, how.atMs)
  } else if (how.why === 'lifted') state.offences.delete(decision.value)
  return { kind: 'ended', decision, atMs: how.atMs, why: how.why }
}

/** Puts a decision in force. */
export function putInForce(state: GuardState, decision: Decision): void {
  state.active.set(decision.id, decision)
  state.byValue.set(decision.value, decision.id)
  state.nextEndMs = Math.min(state.nextEndMs, decision.untilMs)
  if (decision.type === 'watch') return
  for (const prefix of decision.prefixes) {
    const id = state.byPrefix.get(prefix)
    const other = id === undefined ? undefined : state.active.get(id)
    if (other === undefined || rank(other.type) <= rank(decision.type)) {
      state.byPrefix.set(prefix, decision.id)
    }
  }
}

/** Another decision may cover a prefix that the ended one held; swarms and single verdicts overlap. */
function restoreCover(state: GuardState, ended: Decision): void {
  for (const decision of state.active.values()) {
    if (decision.type === 'watch') continue
    for (const prefix of decision.prefixes) {
      if (!state.byPrefix.has(prefix) && ended.prefixes.includes(prefix)) {
        state.byPrefix.set(prefix, decision.id)
      }
    }
  }
}

function rememberOffence(state: GuardState, value: string, endedAtMs: number): void {
  const count = (state.offences.get(value)?.count ?? 0) + 1
  rememberBounded(state.offences, value, { count, lastEndMs: endedAtMs })
}

/** The entry that was put in longest ago goes first. */
function rememberBounded<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= OFFENCES_MAX) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}

interface Applying {
  readonly settings: GuardSettings
  readonly effects: GuardEffect[]
}

/** Turns one verdict into a decision, a longer one, or a note that it was held back. */
function apply(state: GuardState, verdict: Verdict, applying: Applying): void {
  if (verdict.level === 'benign') return
  const { settings, effects } = applying
  const wanted = verdict.level
  const prefixes: PrefixText[] = []
  let heldBack: { kind: string; detail: string } | undefined
  for (const prefix of prefixesOf(verdict)) {
    const protection = settings.neverBlock.find(prefix, state.nowMs)
    if (protection === undefined) prefixes.push(prefix)
    else heldBack ??= protection
  }
  if (prefixes.length === 0) {
    suppress(state, verdict, { ...applying, heldBack: heldBack ?? NOBODY })
    return
  }
  const standing = state.active.get(state.byValue.get(verdict.value) ?? '')
  if (standing !== undefined && rank(standing.type) >= rank(wanted)) {
    extend(state, standing, { verdict, prefixes, settings, effects })
    return
  }
  const outrun = state.outrun.get(verdict.value)
  if (outrun !== undefined && verdict.atMs < outrun.untilMs && rank(outrun.type) >= rank(wanted)) {
    return
  }
  if (standing === undefined && state.active.size >= settings.maxActive) {
    const detail = `expected at most ${settings.maxActive} decisions in force`
    suppress(state, verdict, { ...applying, heldBack: { kind: 'too-many-decisions', detail } })
    return
  }
  const decision = decide(state, verdict, { prefixes, settings })
  if (standing !== undefined) {
    effects.push(end(state, standing, { atMs: verdict.atMs, why: 'superseded' }))
  }
  putInForce(state, decision)
  effects.push({ kind: 'decided', decision })
}

const NOBODY = { kind: 'nobody', detail: 'the verdict names no address' }

function prefixesOf(verdict: Verdict): readonly PrefixText[] {
  switch (verdict.scope) {
    case 'address':
      return [prefixOfAddress(verdict.value)]
    case 'prefix':
      return [verdict.value]
    case 'swarm':
      return [...new Set(verdict.members.map(prefixOfAddress))]
  }
}

/** Members of one swarm decision; later ones wait for the next decision of the swarm. */
const SWARM_PREFIXES_MAX = 20_000

function decide(
  state: GuardState,
  verdict: Verdict,
  how: { readonly prefixes: readonly PrefixText[]; readonly settings: GuardSettings }
): Decision {
  const { settings } = how
  const type = verdict.level as DecisionType
  const isBroken = type === 'ban' && isBreakerOpen(state.breaker, verdict.atMs)
  const shownType = isBroken ? 'throttle' : type
  const offence = shownType === 'ban' ? offenceOf(state, verdict.value, settings) : 0
  const ladder = settings.banLadderMs
  const ttlMs =
    verdict.holdMs ??
    (shownType === 'ban'
      ? (ladder[Math.min(offence, ladder.length - 1)] ?? settings.throttleTtlMs)
      : settings.throttleTtlMs)
  return {
    id: settings.createId(verdict.atMs),
    scope: verdict.scope,
    value: verdict.value,
    prefixes: how.prefixes.slice(0, SWARM_PREFIXES_MAX),
    type: shownType,
    category: verdict.category,
    origin: 'detection',
    mode: modeFor(settings.mode, verdict.category),
    score: verdict.score,
    reasons: isBroken ? [...verdict.reasons, BREAKER_REASON] : verdict.reasons,
    lineHashes: verdict.lineHashes,
    model: verdict.model,
    offence,
    createdAtMs: verdict.atMs,
    untilMs: verdict.atMs + ttlMs,
    liftedAtMs: undefined,
    liftedBy: undefined,
    liftReason: undefined
  }
}

const BREAKER_REASON = {
  rule: 'breaker',
  text: 'would be a ban, but detection bans far more than usual at the moment: slowed down instead',
  counters: {}
} as const

function offenceOf(state: GuardState, value: string, settings: GuardSettings): number {
  const before = state.offences.get(value)
  if (before === undefined || state.nowMs - before.lastEndMs > settings.ladderMemoryMs) return 0
  return before.count
}

function extend(
  state: GuardState,
  standing: Decision,
  how: {
    readonly verdict: Verdict
    readonly prefixes: readonly PrefixText[]
    readonly settings: GuardSettings
    readonly effects: GuardEffect[]
  }
): void {
  const { verdict } = how
  const known = new Set(standing.prefixes)
  const added = how.prefixes.filter((prefix) => !known.has(prefix))
  const ttlMs = verdict.holdMs ?? standing.untilMs - standing.createdAtMs
  const firstTtlMs = Math.min(ttlMs, how.settings.banLadderMs.at(-1) ?? ttlMs)
  const left = standing.untilMs - verdict.atMs
  const isDue = rank(standing.type) === rank(verdict.level) && left < firstTtlMs * EXTEND_BELOW
  if (added.length === 0 && !isDue) return
  const decision: Decision = {
    ...standing,
    prefixes: [...standing.prefixes, ...added].slice(0, SWARM_PREFIXES_MAX),
    reasons: verdict.reasons,
    lineHashes: verdict.lineHashes.length > 0 ? verdict.lineHashes : standing.lineHashes,
    score: Math.max(standing.score, verdict.score),
    untilMs: Math.max(standing.untilMs, verdict.atMs + baseTtlMs(standing, how.settings))
  }
  putInForce(state, decision)
  how.effects.push({ kind: 'extended', decision })
}

function baseTtlMs(decision: Decision, settings: GuardSettings): number {
  if (decision.type !== 'ban') return settings.throttleTtlMs
  const ladder = settings.banLadderMs
  return ladder[Math.min(decision.offence, ladder.length - 1)] ?? settings.throttleTtlMs
}

function suppress(
  state: GuardState,
  verdict: Verdict,
  how: Applying & { readonly heldBack: { readonly kind: string; readonly detail: string } }
): void {
  const saidAtMs = state.suppressedAtMs.get(verdict.value)
  if (saidAtMs !== undefined && verdict.atMs - saidAtMs < SUPPRESSION_AGAIN_MS) return
  state.suppressedAtMs.delete(verdict.value)
  state.suppressedAtMs.set(verdict.value, verdict.atMs)
  if (state.suppressedAtMs.size > SUPPRESSIONS_MAX) {
    for (const oldest of state.suppressedAtMs.keys()) {
      state.suppressedAtMs.delete(oldest)
      break
    }
  }
  how.effects.push({
    kind: 'suppressed',
    suppression: {
      atMs: verdict.atMs,
      value: verdict.value,
      wanted: verdict.level as DecisionType,
      category: verdict.category,
      protectedBy: how.heldBack.kind,
      detail: how.heldBack.detail
    }
  })
}
