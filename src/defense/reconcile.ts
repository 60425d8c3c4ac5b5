/** Brings what stands into line with rules that have changed since it was decided: protection, and the mode. */
import type { PrefixText } from '../base/index.ts'
import type { Decision, GuardEffect } from './decision.ts'
import { liftDecision } from './decision-end.ts'
import { modeFor } from './decision-maker.ts'
import type { GuardState } from './guard-state.ts'
import type { NeverBlock, Protection } from './never-block.ts'
import type { Actor, ModeSettings } from './ports.ts'

/** Decisions that touch one of the prefixes. */
export function decisionsAbout(
  state: GuardState,
  prefixes: Iterable<PrefixText>
): ReadonlySet<Decision> {
  const found = new Set<Decision>()
  for (const prefix of prefixes) {
    for (const decision of state.standing.overlapping(prefix)) found.add(decision)
  }
  return found
}

export interface Release {
  readonly neverBlock: NeverBlock
  /** @default 'system' */
  readonly by?: Actor
  /** A person said so: the offence is forgotten too. @default false */
  readonly isForgiven?: boolean
}

/**
 * Ends each of the decisions that may not stand any more, and takes protected members out of swarms. Where nobody forgave it, the
 * offence stays on record: who opens an SSH connection is spared for as long as it lasts, no longer.
 */
export function releaseProtected(
  state: GuardState,
  decisions: Iterable<Decision>,
  { neverBlock, by = 'system', isForgiven = false }: Release
): GuardEffect[] {
  const effects: GuardEffect[] = []
  const atMs = state.clock.nowMs
  for (const decision of decisions) {
    let protection: Protection | undefined
    const rest = decision.prefixes.filter((prefix) => {
      const found = neverBlock.find(prefix, atMs)
      protection ??= found
      return found === undefined
    })
    if (rest.length === decision.prefixes.length) continue
    if (rest.length > 0) {
      const smaller: Decision = { ...decision, prefixes: rest }
      state.standing.put(smaller)
      effects.push({ kind: 'extended', decision: smaller })
      continue
    }
    const liftReason = `protected: ${protection?.kind} (${protection?.detail})`
    effects.push(liftDecision(state, decision, { atMs, by, liftReason, isForgiven }))
  }
  return effects
}

/**
 * What stands follows the mode at once, in both directions: `enforce` applies what it was asked about, `shadow` takes back all
 * that is in place. The operator's own blocks are applied in any mode.
 */
export function followMode(state: GuardState, mode: ModeSettings): GuardEffect[] {
  const effects: GuardEffect[] = []
  for (const standing of [...state.standing.all()]) {
    const wanted = modeFor(mode, standing.category)
    if (standing.origin === 'operator' || standing.mode === wanted) continue
    const decision: Decision = { ...standing, mode: wanted }
    state.standing.put(decision)
    effects.push({ kind: 'extended', decision })
  }
  return effects
}
