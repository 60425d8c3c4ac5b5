/** A configuration that differs from that of the last start is written down: which keys, before and after. */
import { type Config, redactConfig } from '../config/index.ts'
import type { AuditRepository } from '../store/index.ts'

const ACTION = 'config.change'
const TARGET = 'configuration'

/** Values by dotted path; a list is one value. */
export function flattenConfig(config: unknown, path = ''): ReadonlyMap<string, unknown> {
  const flat = new Map<string, unknown>()
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    if (path !== '') flat.set(path, config)
    return flat
  }
  for (const [key, value] of Object.entries(config)) {
    for (const [inner, leaf] of flattenConfig(value, path === '' ? key : `${path}.${key}`)) {
      flat.set(inner, leaf)
    }
  }
  return flat
}

/** What differs; the first start of a node has nothing before it. */
function differences(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>
): { readonly before: Record<string, unknown>; readonly after: Record<string, unknown> } {
  const changed = { before: {} as Record<string, unknown>, after: {} as Record<string, unknown> }
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    if (JSON.stringify(before.get(key)) === JSON.stringify(after.get(key))) continue
    changed.before[key] = before.get(key) ?? null
    changed.after[key] = after.get(key) ?? null
  }
  return changed
}

/** More changes than a node sees in its life; older ones would show as new. */
const CHANGES_MAX = 1_000

/** The audit says itself how the configuration stood at the last start: each entry holds what had changed. */
function lastKnown(audit: ConfigAuditLog): ReadonlyMap<string, unknown> | undefined {
  const { items } = audit.list({ action: ACTION, limit: CHANGES_MAX })
  if (items.length === 0) return undefined
  const known = new Map<string, unknown>()
  for (const { after } of items.toReversed()) {
    if (typeof after !== 'object' || after === null) continue
    for (const [key, value] of Object.entries(after)) {
      if (value === null) known.delete(key)
      else known.set(key, value)
    }
  }
  return known
}

export type ConfigAuditLog = Pick<AuditRepository, 'append' | 'list'>

/** @returns the keys that changed since the last start; all of them at the first */
export function auditConfig(config: Config, audit: ConfigAuditLog): readonly string[] {
  const after = flattenConfig(redactConfig(config))
  const known = lastKnown(audit)
  const changed = differences(known ?? new Map(), after)
  const keys = Object.keys(changed.after)
  if (keys.length === 0) return keys
  const some = `${keys.slice(0, 8).join(', ')}${keys.length > 8 ? ', …' : ''}`
  audit.append({
    actor: 'system',
    action: ACTION,
    target: TARGET,
    before: known === undefined ? undefined : changed.before,
    after: changed.after,
    reason: known === undefined ? 'first start' : `differs from the last start: ${some}`
  })
  return keys
}
