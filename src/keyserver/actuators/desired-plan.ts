/** Which of the entries that are asked for may be put in place: not over, not protected, spelled canonically. Pure. */
import { findPrefix, type PrefixText } from '../../base/index.ts'
import type { ActuatorAction, ActuatorEntry, ProtectionCheck } from './actuator.ts'

export interface RefusedEntry {
  readonly prefix: PrefixText
  readonly reason: string
}

export interface DesiredPlan {
  /** One an action and prefix; of two, the one that ends later. */
  readonly wanted: readonly ActuatorEntry[]
  readonly refused: readonly RefusedEntry[]
}

export interface PlanPorts {
  readonly findProtection: ProtectionCheck
  readonly nowMs: () => number
}

/** `resolve` says what becomes of an entry here: the entry to hold, why not, or undefined if it is none of this actuator's. */
export function planDesired(
  desired: readonly ActuatorEntry[],
  ports: PlanPorts,
  resolve: (entry: ActuatorEntry) => ActuatorEntry | string | undefined
): DesiredPlan {
  const wanted = new Map<string, ActuatorEntry>()
  const refused = new Map<PrefixText, RefusedEntry>()
  const nowMs = ports.nowMs()
  for (const entry of desired) {
    if (entry.untilMs <= nowMs) continue
    const { prefix } = entry
    // What goes into files and commands is checked here a last time, wherever it came from.
    const isCanonical = findPrefix(prefix)?.text === prefix
    const resolved = isCanonical ? resolve(entry) : 'it is no canonical prefix'
    if (resolved === undefined) continue
    const protection = isCanonical ? ports.findProtection(prefix) : undefined
    if (protection !== undefined || typeof resolved === 'string') {
      refused.set(prefix, { prefix, reason: protection ?? String(resolved) })
      continue
    }
    const key = entryKey(resolved)
    const other = wanted.get(key)
    if (other === undefined || other.untilMs < resolved.untilMs) wanted.set(key, resolved)
  }
  return { wanted: [...wanted.values()], refused: [...refused.values()] }
}

export function entryKey(entry: Pick<ActuatorEntry, 'action' | 'prefix'>): string {
  return `${entry.action} ${entry.prefix}`
}

export function prefixesOf(
  entries: readonly ActuatorEntry[],
  action: ActuatorAction
): Set<PrefixText> {
  return new Set(entries.filter((entry) => entry.action === action).map((entry) => entry.prefix))
}
