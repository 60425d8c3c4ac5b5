/**
 * What shadow mode would have blocked, and which of it an operator should look at before enforcing. A sign is a reason for
 * doubt, not a proof of innocence.
 */
import type { Category } from '../detection/index.ts'
import type { Decision } from './decision.ts'
import type { ShadowReport } from './guard-api.ts'
import type { GuardServicePorts } from './guard-service-ports.ts'

const DECISIONS_MAX = 10_000
const PAGE = 1_000
const DOUBTFUL_MAX = 100
const EXAMPLES_MAX = 20

export function reportShadow(
  sinceMs: number,
  ports: Pick<GuardServicePorts, 'decisions' | 'policy' | 'clock'>
): ShadowReport {
  const toMs = ports.clock.nowMs()
  const decisions = readShadow(sinceMs, ports)
  const timesByValue = new Map<string, number>()
  for (const { value } of decisions) timesByValue.set(value, (timesByValue.get(value) ?? 0) + 1)
  const byCategory: Partial<Record<Category, number>> = {}
  let wouldBan = 0
  let wouldThrottle = 0
  const doubtful: { decision: Decision; sign: string }[] = []
  for (const decision of decisions) {
    if (decision.type === 'ban') wouldBan++
    else wouldThrottle++
    byCategory[decision.category] = (byCategory[decision.category] ?? 0) + 1
    if (doubtful.length === DOUBTFUL_MAX) continue
    const sign = signOf(decision, timesByValue.get(decision.value) ?? 0, ports)
    if (sign !== undefined) doubtful.push({ decision, sign })
  }
  return {
    fromMs: sinceMs,
    toMs,
    wouldBan,
    wouldThrottle,
    byCategory,
    doubtful,
    examples: decisions.slice(0, EXAMPLES_MAX)
  }
}

/** Newest first; watches would not have been applied, and what a stronger decision followed is the same case as that one. */
function readShadow(
  sinceMs: number,
  ports: Pick<GuardServicePorts, 'decisions'>
): readonly Decision[] {
  const found: Decision[] = []
  for (const type of ['ban', 'throttle'] as const) {
    let left = DECISIONS_MAX / 2
    let cursor: string | undefined
    do {
      const page = ports.decisions.list({ mode: 'shadow', type, sinceMs, cursor, limit: PAGE })
      found.push(...page.items.filter(({ liftedBy }) => liftedBy !== 'detection'))
      left -= page.items.length
      cursor = page.nextCursor
    } while (cursor !== undefined && left > 0)
  }
  return found.sort((a, b) => b.createdAtMs - a.createdAtMs)
}

/** The strongest sign that the subject may be harmless. */
function signOf(
  decision: Decision,
  times: number,
  ports: Pick<GuardServicePorts, 'policy' | 'clock'>
): string | undefined {
  if (decision.scope === 'swarm') {
    return `named by likeness alone: ${decision.prefixes.length} addresses that behave as one program`
  }
  if (decision.scope === 'prefix') return 'a whole prefix: others may live in it'
  const session = ports.policy.describe(decision.value, ports.clock.nowMs()) ?? {}
  const agents = Number(session['user_agent_changes'] ?? 0)
  if (agents >= 5)
    return `changed its user agent ${agents} times: perhaps many people behind one address`
  const hits = Number(session['hits_per_hour'] ?? 0)
  const misses = Number(session['misses_per_hour'] ?? 0)
  if (hits >= 20 && hits > misses * 4)
    return `found what it asked for ${hits} times within the hour`
  if (decision.score < 0.75 && decision.reasons.length === 1) {
    return `one rule alone, with a score of ${decision.score.toFixed(2)}`
  }
  if (times >= 5) return `decided ${times} times: a steady client, perhaps a gateway`
  return undefined
}
