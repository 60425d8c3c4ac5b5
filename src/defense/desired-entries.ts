/** What the actuators should hold, from the decisions in force. Pure. */
import type { PrefixText } from '../base/index.ts'
import type { ActuatorEntry } from '../keyserver/index.ts'
import type { Decision } from './decision.ts'
import type { NeverBlock } from './never-block.ts'

export interface DesiredAt {
  readonly atMs: number
  /** Asked once more at the very end: what became protected a moment ago is not handed on. */
  readonly neverBlock: NeverBlock
}

/**
 * One entry a prefix, none of it ended or protected: a ban goes before a throttle, the later end before the earlier.
 * `applied` leaves shadow decisions out; `all` shows what enforcement would do.
 */
export function desiredEntries(
  decisions: Iterable<Decision>,
  which: 'applied' | 'all',
  { atMs, neverBlock }: DesiredAt
): readonly ActuatorEntry[] {
  const entries = new Map<PrefixText, ActuatorEntry>()
  for (const decision of decisions) {
    if (decision.type === 'watch' || decision.untilMs <= atMs) continue
    if (which === 'applied' && decision.mode !== 'enforce') continue
    for (const prefix of decision.prefixes) {
      const other = entries.get(prefix)
      const entry: ActuatorEntry = {
        prefix,
        action: decision.type,
        untilMs: decision.untilMs,
        decisionId: decision.id
      }
      if (other === undefined || isStronger(entry, other)) entries.set(prefix, entry)
    }
  }
  return [...entries.values()].filter(({ prefix }) => neverBlock.find(prefix, atMs) === undefined)
}

function isStronger(entry: ActuatorEntry, other: ActuatorEntry): boolean {
  if (entry.action !== other.action) return entry.action === 'ban'
  return entry.untilMs > other.untilMs
}
