/**
 * Whom this node does not speak to for a while: peers, and the sites that they came from, since a key costs nothing. Keys without
 * end push out none but other strangers: whoever may speak in a network, and was banned, stays so until his time is over.
 */
import type { Clock, PrefixText } from '../../base/index.ts'

/** Whoever broke a protocol is not spoken to for so long. */
export const BAN_MS = 10 * 60_000
export const BANS_MAX = 1_024

export const NO_BANS = { protocol: 0, flood: 0, gossip: 0 } as const

/** It broke a protocol; it spoke faster than is heard; or gossip that no honest node passes on came by it. */
export type BanReason = keyof typeof NO_BANS

interface Ban {
  readonly sinceMs: number
  readonly reason: BanReason
  readonly untilMs: number
  readonly isStranger: boolean
}

export interface Banned {
  readonly peer: string
  readonly isStranger: boolean
  readonly reason: BanReason
  /** Undefined: his address is shared on purpose, or is a relay's. */
  readonly site: PrefixText | undefined
}

export class Bans {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #peers = new Map<string, Ban>()
  readonly #sites = new Map<PrefixText, Ban>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  add({ peer, isStranger, reason, site }: Banned): void {
    const nowMs = this.#clock.monotonicMs()
    const ban = { sinceMs: nowMs, untilMs: nowMs + BAN_MS, isStranger, reason }
    set(this.#peers, peer, ban, nowMs)
    if (site !== undefined) set(this.#sites, site, ban, nowMs)
  }

  /** Lifts what was set for gossip since then (monotonic milliseconds). @returns the peers */
  liftGossip(sinceMs: number): readonly string[] {
    const isLifted = (ban: Ban) => ban.reason === 'gossip' && ban.sinceMs >= sinceMs
    for (const [site, ban] of this.#sites) if (isLifted(ban)) this.#sites.delete(site)
    const lifted = [...this.#peers].flatMap(([peer, ban]) => (isLifted(ban) ? [peer] : []))
    for (const peer of lifted) this.#peers.delete(peer)
    return lifted
  }

  /** Peers whose bans stand. */
  counts(): Readonly<Record<BanReason, number>> {
    const nowMs = this.#clock.monotonicMs()
    const counts: Record<BanReason, number> = { ...NO_BANS }
    for (const { untilMs, reason } of this.#peers.values()) if (untilMs > nowMs) counts[reason]++
    return counts
  }

  hasPeer(peer: string): boolean {
    return (this.#peers.get(peer)?.untilMs ?? 0) > this.#clock.monotonicMs()
  }

  hasSite(site: PrefixText): boolean {
    return (this.#sites.get(site)?.untilMs ?? 0) > this.#clock.monotonicMs()
  }
}

/** The map is in the order in which bans end, since all of them are of one length. */
function set(bans: Map<string, Ban>, key: string, ban: Ban, nowMs: number): void {
  bans.delete(key)
  for (const [other, { untilMs }] of bans) {
    if (untilMs > nowMs) break
    bans.delete(other)
  }
  if (bans.size >= BANS_MAX) bans.delete(findLeastNeeded(bans))
  bans.set(key, ban)
}

/** The stranger that was banned first; only when there is none, whoever was. */
function findLeastNeeded(bans: ReadonlyMap<string, Ban>): string {
  let first: string | undefined
  for (const [key, { isStranger }] of bans) {
    if (isStranger) return key
    first ??= key
  }
  return first ?? ''
}
