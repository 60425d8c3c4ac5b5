/**
 * The pure core that live node, replay and tests share: one function of (state, input). It keeps the time, asks the policy,
 * applies precedence and the never-block rules, climbs the TTL ladder, and says what changed. It knows no store, no actuator
 * and no clock.
 */
import { type AddressText, findPrefix, type PrefixText } from '../base/index.ts'
import type { StandingDecisions, Verdict } from '../detection/index.ts'
import type { TrafficEvent } from '../keyserver/index.ts'
import { isBreakerOpen, noteBan } from './breaker.ts'
import type { Decision, DecisionType, GuardEffect } from './decision.ts'
import { endDecision, shiftTime } from './decision-end.ts'
import { BREAKER_RULE, createDecision, ttlOf } from './decision-maker.ts'
import { noteLogTime, noteTick, type Tick } from './guard-clock.ts'
import type { GuardSettings } from './guard-settings.ts'
import type { GuardState } from './guard-state.ts'
import type { NeverBlock, Protection } from './never-block.ts'
import { prefixOfAddress, rankOf } from './standing-table.ts'

export type GuardInput = TrafficEvent | Tick

const SUPPRESSION_AGAIN_MS = 600_000
const FAR_AHEAD_MS = 600_000
/** Decisions are prolonged when less than this share of their time is left, so that not every request writes a row. */
const EXTEND_BELOW = 0.5
/** What is less severe leaves room for what is more so: addresses that are merely watched must not use up the room for bans. */
const SHARE_OF_ROOM: Readonly<Record<DecisionType, number>> = { watch: 0.5, throttle: 0.8, ban: 1 }
/** Members of one swarm decision; later ones wait for the next decision of the swarm. */
const SWARM_PREFIXES_MAX = 20_000

/** Decides on one input. Effects come in the order in which they happened. */
export function step(state: GuardState, input: GuardInput, settings: GuardSettings): GuardEffect[] {
  const { clock } = state
  const effects: GuardEffect[] = []
  const setMs =
    input.kind === 'tick' ? noteTick(clock, input) : noteLogTime(clock, input.loggedAtMs)
  if (setMs !== 0) {
    effects.push(...shiftTime(state, setMs))
    settings.policy.shiftTime?.(setMs)
  }
  for (;;) {
    const ended = state.standing.popEnded(clock.nowMs)
    if (ended === undefined) break
    effects.push(endDecision(state, ended, { why: 'expired', atMs: ended.untilMs }))
  }
  if (input.kind === 'tick') return effects
  state.eventsTotal++
  const event = believable(state, input)
  const standing = standingOf(state, settings, event.atMs)
  for (const verdict of settings.policy.observe(event, standing)) {
    if (verdict.level !== 'benign') apply(state, verdict, { settings, effects })
  }
  return effects
}

function standingOf(state: GuardState, settings: GuardSettings, atMs: number): StandingDecisions {
  return {
    findStanding: (address) => {
      // A request that arrived before the decision was answered without it, whenever its line was written.
      const decision = state.standing.findApplied(address, atMs)
      return decision && { level: decision.type, sinceMs: decision.createdAtMs }
    },
    isProtected: (address) => settings.neverBlock.find(address, state.clock.nowMs) !== undefined
  }
}

/** The strongest throttle or ban that is applied to an address at a time, by default now. */
export function findApplied(
  state: GuardState,
  address: AddressText,
  atMs: number = state.clock.nowMs
): Decision | undefined {
  return state.standing.findApplied(address, atMs)
}

/** A line from a time that is not believed happened now: nothing may be remembered as of the future. */
function believable(state: GuardState, event: TrafficEvent): TrafficEvent {
  const { nowMs } = state.clock
  if (event.loggedAtMs <= nowMs + FAR_AHEAD_MS) return event
  return { ...event, atMs: nowMs, loggedAtMs: nowMs }
}

interface Applying {
  readonly settings: GuardSettings
  readonly effects: GuardEffect[]
}

/** Turns one verdict into a decision, a longer one, or a note that it was held back. */
function apply(state: GuardState, given: Verdict, applying: Applying): void {
  const verdict = inTime(state, given)
  const { settings, effects } = applying
  const { prefixes, heldBack } = sortOut(state, verdict, settings.neverBlock)
  if (prefixes.length === 0) {
    suppress(state, verdict, { ...applying, heldBack: heldBack ?? NOBODY })
    return
  }
  const standing = state.standing.findByValue(verdict.value)
  // The operator's own word stands as he gave it, and to its end.
  if (standing?.origin === 'operator') return
  if (standing === undefined && isSettled(state, verdict)) return
  const type = typeOf(state, verdict, standing)
  if (standing !== undefined && rankOf(standing.type) >= rankOf(type)) {
    extend(state, standing, { verdict, type, prefixes, ...applying })
    return
  }
  const roomMax = settings.maxActive * SHARE_OF_ROOM[type]
  if (standing === undefined && state.standing.size >= roomMax) {
    const detail = `expected at most ${Math.floor(roomMax)} decisions in force before a ${type}`
    suppress(state, verdict, { ...applying, heldBack: { kind: 'too-many-decisions', detail } })
    return
  }
  const evidence = verdict.evidence?.()
  const decision = createDecision({
    ...{ verdict, evidence },
    type,
    prefixes: prefixes.slice(0, SWARM_PREFIXES_MAX),
    offence: type === 'ban' ? offenceOf(state, verdict, settings) : 0,
    settings
  })
  if (standing !== undefined) {
    effects.push(endDecision(state, standing, { why: 'superseded', atMs: verdict.atMs }))
  }
  state.standing.put(decision)
  effects.push({ kind: 'decided', decision, evidence })
}

const NOBODY: Protection = { kind: 'nobody', detail: 'the verdict names no address' }

/** A line from the future, by a clock that goes ahead or a wrong time zone, counts from now: it must not stand longer for that. */
function inTime(state: GuardState, verdict: Verdict): Verdict {
  const { clock } = state
  if (clock.tickMs === 0 || verdict.atMs <= clock.nowMs) return verdict
  return { ...verdict, atMs: clock.nowMs }
}

function sortOut(
  state: GuardState,
  verdict: Verdict,
  neverBlock: NeverBlock
): { readonly prefixes: readonly PrefixText[]; readonly heldBack: Protection | undefined } {
  const prefixes: PrefixText[] = []
  let heldBack: Protection | undefined
  for (const prefix of prefixesOf(verdict)) {
    const protection = neverBlock.find(prefix, state.clock.nowMs)
    if (protection === undefined) prefixes.push(prefix)
    else heldBack ??= protection
  }
  return { prefixes, heldBack }
}

function prefixesOf(verdict: Verdict): readonly PrefixText[] {
  switch (verdict.scope) {
    case 'address':
      return [prefixOfAddress(verdict.value)]
    case 'prefix':
      return [findPrefix(verdict.value)?.text ?? verdict.value]
    case 'swarm':
      return [...new Set(verdict.members.map(prefixOfAddress))]
  }
}

function isSettled(state: GuardState, verdict: Verdict): boolean {
  const settled = state.settled.peek(verdict.value)
  return (
    settled !== undefined &&
    verdict.atMs < settled.untilMs &&
    rankOf(settled.type) >= rankOf(verdict.level as DecisionType)
  )
}

/**
 * A ban is a throttle while the breaker is open; what the breaker has turned down once is not counted again. A policy that says
 * itself how long its word stands is no detection of ours that could run away: a frozen baseline is not bent.
 */
function typeOf(state: GuardState, verdict: Verdict, standing: Decision | undefined): DecisionType {
  const level = verdict.level as DecisionType
  if (level !== 'ban' || standing?.type === 'ban' || verdict.holdMs !== undefined) return level
  const isCounted = standing?.reasons.some((reason) => reason.rule === BREAKER_RULE) === true
  if (!isCounted) noteBan(state.breaker, verdict.atMs)
  return isBreakerOpen(state.breaker, verdict.atMs) ? 'throttle' : 'ban'
}

function offenceOf(state: GuardState, verdict: Verdict, settings: GuardSettings): number {
  const before = state.offences.peek(verdict.value)
  if (before === undefined || verdict.atMs - before.lastEndMs > settings.ladderMemoryMs) return 0
  return before.count
}

interface Extension extends Applying {
  readonly verdict: Verdict
  readonly type: DecisionType
  readonly prefixes: readonly PrefixText[]
}

/** New members of a swarm join at once; the end moves on when it is near and the verdict is as severe as the decision. */
function extend(state: GuardState, standing: Decision, how: Extension): void {
  const { verdict, type } = how
  const room = SWARM_PREFIXES_MAX - standing.prefixes.length
  const added = how.prefixes
    .filter((prefix) => !state.standing.covers(standing.id, prefix))
    .slice(0, Math.max(0, room))
  const ttlMs = ttlOf({ verdict, type: standing.type, offence: standing.offence }, how.settings)
  const isDue = standing.type === type && standing.untilMs - verdict.atMs < ttlMs * EXTEND_BELOW
  if (added.length === 0 && !isDue) return
  const decision: Decision = {
    ...standing,
    prefixes: [...standing.prefixes, ...added],
    reasons: keepBreaker(standing, verdict),
    lineHashes: verdict.lineHashes.length > 0 ? verdict.lineHashes : standing.lineHashes,
    score: Math.max(standing.score, verdict.score),
    untilMs: Math.max(standing.untilMs, verdict.atMs + ttlMs)
  }
  state.standing.put(decision)
  how.effects.push({ kind: 'extended', decision })
}

function keepBreaker(standing: Decision, verdict: Verdict): Decision['reasons'] {
  const breaker = standing.reasons.filter((reason) => reason.rule === BREAKER_RULE)
  return breaker.length === 0 ? verdict.reasons : [...verdict.reasons, ...breaker]
}

function suppress(
  state: GuardState,
  verdict: Verdict,
  how: Applying & { readonly heldBack: Protection }
): void {
  const saidAtMs = state.suppressedAtMs.peek(verdict.value)
  if (saidAtMs !== undefined && verdict.atMs - saidAtMs < SUPPRESSION_AGAIN_MS) return
  state.suppressedAtMs.set(verdict.value, verdict.atMs)
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
