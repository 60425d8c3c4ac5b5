/** What the actuators should hold, from the decisions in force. Pure. */
import type { PrefixText } from '../base/index.ts'
import type { ActuatorEntry } from '../keyserver/index.ts'
import type { Decision } from './decision.ts'

/**
 * One entry a prefix: a ban goes before a throttle, the later end before the earlier.
 * `applied` leaves shadow decisions out; `all` shows what enforcement would do.
 */
export function desiredEntries(
  decisions: Iterable<Decision>,
  which: 'applied' | 'all'
): readonly ActuatorEntry[] {
  const entries = new Map<PrefixText, ActuatorEntry>()
  for (const decision of decisions) {
    if (decision.type === 'watch') continue
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
  return [...entries.values()]
}

function isStronger(entry: ActuatorEntry, other: ActuatorEntry): boolean {
  if (entry.action !== other.action) return entry.action === 'ban'
  return entry.untilMs > other.untilMs
}
