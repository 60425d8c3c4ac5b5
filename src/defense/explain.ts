/** Everything that is known about one address, put together for a person. */
import { type AddressText, findPrefix, getPrefix, prefixContains } from '../base/index.ts'
import type { ActuatorEntry } from '../keyserver/index.ts'
import type { Decision } from './decision.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'
import type { NeverBlock } from './never-block.ts'
import type { ExplainedDecision, Explanation } from './ports.ts'
import { prefixOfAddress } from './standing-table.ts'

const DECISIONS_MAX = 20
const SUPPRESSIONS_MAX = 1_000
const SUPPRESSIONS_SINCE_MS = 7 * 86_400_000

export interface ExplainContext {
  readonly ports: Pick<GuardServicePorts, 'decisions' | 'evidence' | 'actuators' | 'policy'>
  readonly neverBlock: NeverBlock
  readonly atMs: number
}

export function explainAddress(address: AddressText, context: ExplainContext): Explanation {
  const { ports, atMs } = context
  const found = ports.decisions.list({ value: address, limit: DECISIONS_MAX })
  return {
    address,
    atMs,
    protectedBy: context.neverBlock.find(address, atMs),
    decisions: found.items.map((decision) => explainDecision(decision, address, context)),
    suppressions: ports.decisions
      .suppressions({ sinceMs: atMs - SUPPRESSIONS_SINCE_MS, limit: SUPPRESSIONS_MAX })
      .filter((suppression) => isAbout(suppression.value, address)),
    session: ports.policy.describe(address, atMs) ?? {}
  }
}

/** A suppression names the address, or a prefix around it. */
function isAbout(value: string, address: AddressText): boolean {
  if (value === address) return true
  const prefix = findPrefix(value)
  return prefix !== undefined && prefixContains(prefix, getPrefix(address))
}

function explainDecision(
  decision: Decision,
  address: AddressText,
  context: ExplainContext
): ExplainedDecision {
  const state = stateOf(decision, context.atMs)
  const evidence = context.ports.evidence.find(decision.id)
  if (decision.type === 'watch') {
    return {
      decision,
      state,
      carriedOut: ['watched only: nothing is applied'],
      isInEffect: false,
      evidence,
      undo: 'nothing to undo'
    }
  }
  const own = prefixOfAddress(address)
  const entry: ActuatorEntry = {
    prefix: decision.prefixes.includes(own) ? own : (decision.prefixes[0] ?? own),
    action: decision.type,
    untilMs: decision.untilMs,
    decisionId: decision.id
  }
  return {
    decision,
    state,
    carriedOut: carriedOut(state, entry, context),
    isInEffect: state === 'in-force' && context.ports.actuators.isInEffect(entry),
    evidence,
    undo: undo(state, decision)
  }
}

function stateOf(decision: Decision, atMs: number): ExplainedDecision['state'] {
  if (decision.liftedAtMs !== undefined) return 'lifted'
  if (decision.untilMs <= atMs) return 'expired'
  return decision.mode === 'shadow' ? 'shadow' : 'in-force'
}

function carriedOut(
  state: ExplainedDecision['state'],
  entry: ActuatorEntry,
  { ports }: ExplainContext
): readonly string[] {
  const sentences = ports.actuators.describe(entry)
  if (state === 'in-force') return sentences
  if (state === 'shadow')
    return sentences.map((sentence) => `nothing yet (shadow mode); enforced: ${sentence}`)
  return sentences.map((sentence) => `over: ${sentence}`)
}

function undo(state: ExplainedDecision['state'], decision: Decision): string {
  if (state === 'expired' || state === 'lifted') return 'it has ended'
  const command = `netminder decisions lift ${decision.id}`
  // The command comes first, so that no line end falls into it.
  const lift = state === 'shadow' ? `${command} (nothing is applied; this drops it)` : command
  return `${lift}; to spare the address for good: netminder allowlist add ${decision.scope === 'swarm' ? 'ADDRESS' : decision.value}`
}
