/**
 * The recon partners and the addresses that were last known of each. A name that does not resolve now keeps what it had, and a
 * partner leaves the book only when the statistics have gone without it for a while: an attack on DNS, or a keyserver that is just
 * starting, must not take the protection away. Pure.
 */
import { findPrefix } from '../base/index.ts'
import type { Partner } from './recon-partners.ts'

export const PARTNERS_MAX = 1_000
/** Of one name; a pool of more is no recon partner. */
const ADDRESSES_MAX = 16
/** So many refreshes in a row without it, and it is no partner any more. */
const MISSES_MAX = 3
const AGE_MAX_MS = 30 * 86_400_000
const FORMAT = 1

export interface KnownPartner extends Partner {
  readonly addresses: readonly string[]
  readonly resolvedAtMs: number
}

interface Entry extends KnownPartner {
  readonly misses: number
}

export interface Sighting extends Partner {
  /** Undefined: the name did not resolve. */
  readonly addresses: readonly string[] | undefined
}

export class PartnerBook {
  #entries = new Map<string, Entry>()

  /** Those whose addresses are known. */
  known(): readonly KnownPartner[] {
    return [...this.#entries.values()]
  }

  /** What the statistics list now. A retry soon after counts nobody as missing once more. */
  update(
    sightings: readonly Sighting[],
    at: { readonly nowMs: number; readonly isRetry: boolean }
  ): void {
    const { nowMs, isRetry } = at
    const next = new Map<string, Entry>()
    for (const { name, host, addresses } of sightings.slice(0, PARTNERS_MAX)) {
      const known = this.#entries.get(host)
      if (addresses !== undefined && addresses.length > 0) {
        const kept = addresses.slice(0, ADDRESSES_MAX)
        next.set(host, { name, host, addresses: kept, resolvedAtMs: nowMs, misses: 0 })
      } else if (known !== undefined && isFresh(known, nowMs)) {
        next.set(host, { ...known, name, misses: 0 })
      }
    }
    const listed = new Set(sightings.map(({ host }) => host))
    for (const entry of this.#entries.values()) {
      const misses = entry.misses + (isRetry ? 0 : 1)
      if (listed.has(entry.host) || misses >= MISSES_MAX || next.size >= PARTNERS_MAX) continue
      if (isFresh(entry, nowMs)) next.set(entry.host, { ...entry, misses })
    }
    this.#entries = next
  }

  render(): string {
    const partners = this.known().map(({ name, host, addresses, resolvedAtMs }) => {
      return { name, host, addresses, resolvedAtMs }
    })
    return `${JSON.stringify({ format: FORMAT, partners })}\n`
  }

  /** Takes over what an earlier run wrote, without what is too old. @throws {Error} if it is something else */
  restore(text: string, nowMs: number): void {
    const { format, partners } = JSON.parse(text) as { format?: unknown; partners?: unknown }
    if (format !== FORMAT || !Array.isArray(partners)) {
      throw new Error(`expected partners of format ${FORMAT}, got something else`)
    }
    const restored = (partners as unknown[]).slice(0, PARTNERS_MAX).map(readPartner)
    this.#entries = new Map()
    for (const partner of restored) {
      // A time that is still to come was written by a clock that went wrong.
      const resolvedAtMs = Math.min(partner.resolvedAtMs, nowMs)
      const entry = { ...partner, resolvedAtMs, misses: 0 }
      if (isFresh(entry, nowMs)) this.#entries.set(entry.host, entry)
    }
  }
}

function isFresh(entry: KnownPartner, nowMs: number): boolean {
  return nowMs - entry.resolvedAtMs < AGE_MAX_MS
}

function readPartner(value: unknown): KnownPartner {
  const { name, host, addresses, resolvedAtMs } = (value ?? {}) as Record<string, unknown>
  if (
    typeof name !== 'string' ||
    typeof host !== 'string' ||
    !Array.isArray(addresses) ||
    typeof resolvedAtMs !== 'number'
  ) {
    throw new Error('expected a partner with host, addresses and time, got something else')
  }
  const usable = (addresses as unknown[])
    .filter((address) => typeof address === 'string' && findPrefix(address) !== undefined)
    .slice(0, ADDRESSES_MAX) as string[]
  return { name, host, addresses: usable, resolvedAtMs }
}
