/**
 * Who may never be acted on (DESIGN §8.1): checked before a decision is made and again inside every actuator. Pure; the facts
 * about this machine come from outside.
 */
import {
  displayPrefix,
  findPrefix,
  getPrefix,
  type Prefix,
  type PrefixText,
  prefixContains,
  prefixesOverlap
} from '../base/index.ts'
import { BlocklistIndex } from './blocklist-index.ts'
import type { ListEntry, ProtectedEntry } from './ports.ts'

export interface Protection {
  /** `allowlist`, `own-address`, `loopback`, … */
  readonly kind: string
  readonly detail: string
}

/**
 * Who sends from here is no client that could be named: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890, RFC 8190
 * and their updates) and, of IPv6, all that is not 2000::/3, the only global unicast space given out (RFC 4291 §2.4, IANA's IPv6
 * global unicast assignments). Blocks that a route leads to (Teredo, AMT, AS112) are held by services that many share. The first
 * that fits names the kind, so the narrow ones stand before the wide.
 */
const RESERVED: readonly (readonly [PrefixText, string])[] = [
  ['0.0.0.0/8', 'this-network'],
  ['10.0.0.0/8', 'private-range'],
  ['100.64.0.0/10', 'shared-range'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private-range'],
  ['192.0.0.0/24', 'reserved-range'],
  ['192.0.2.0/24', 'documentation-range'],
  // AS112 and AMT (RFC 7535, RFC 7450, RFC 7534); 6to4 relays (RFC 7526).
  ['192.31.196.0/24', 'reserved-range'],
  ['192.52.193.0/24', 'reserved-range'],
  ['192.88.99.0/24', 'reserved-range'],
  ['192.168.0.0/16', 'private-range'],
  ['192.175.48.0/24', 'reserved-range'],
  ['198.18.0.0/15', 'benchmark-range'],
  ['198.51.100.0/24', 'documentation-range'],
  ['203.0.113.0/24', 'documentation-range'],
  ['224.0.0.0/3', 'multicast-or-reserved'],
  ['::/127', 'loopback'],
  ['64:ff9b::/96', 'translation-range'],
  ['64:ff9b:1::/48', 'translation-range'],
  ['100::/64', 'discard-range'],
  // RFC 9780: the dummy prefix.
  ['100:0:0:1::/64', 'discard-range'],
  ['2001::/32', 'translation-range'],
  ['2001:2::/48', 'benchmark-range'],
  ['2001:db8::/32', 'documentation-range'],
  // The rest of the IETF's protocol assignments (RFC 2928): ORCHID, AMT, AS112, drone identifiers, anycast.
  ['2001::/23', 'reserved-range'],
  ['2002::/16', 'translation-range'],
  ['2620:4f:8000::/48', 'reserved-range'],
  ['3fff::/20', 'documentation-range'],
  ['fc00::/7', 'private-range'],
  ['fe80::/10', 'link-local'],
  // RFC 3879: deprecated, and still a site's own.
  ['fec0::/10', 'private-range'],
  ['ff00::/8', 'multicast-or-reserved'],
  // All around 2000::/3; segment identifiers (5f00::/16, RFC 9602) among it.
  ['::/3', 'reserved-range'],
  ['4000::/2', 'reserved-range'],
  ['8000::/1', 'reserved-range']
]
const RESERVED_PREFIXES = RESERVED.map(([text, kind]) => ({ prefix: getPrefix(text), kind }))

/** The widest that is ever acted on (design defense.md e.3). */
const WIDEST_IPV4 = 24
const WIDEST_IPV6 = 48

const ANSWERS_MAX = 50_000
/** So many entries are quicker gone through than indexed. */
const INDEXED_FROM = 64

export interface NeverBlockOptions {
  /** Reserved blocks that count as public: for tests and recordings on loopback only. */
  readonly treatAsPublic: readonly PrefixText[]
  readonly allowlist: readonly ListEntry[]
  readonly protectedEntries: readonly ProtectedEntry[]
}

export function isTooWide(prefix: Prefix): boolean {
  return prefix.length < (prefix.bits.kind() === 'ipv4' ? WIDEST_IPV4 : WIDEST_IPV6)
}

interface NamedEntry extends Protection {
  readonly prefix: Prefix
  readonly untilMs: number
}

const NEVER_MS = Number.POSITIVE_INFINITY

/** Answers for one set of facts; made anew when one of them changes. */
export class NeverBlock {
  readonly #publicPrefixes: readonly Prefix[]
  /** In order of precedence. */
  readonly #entries: readonly NamedEntry[]
  readonly #index: BlocklistIndex | undefined
  /** Every log line asks: answers are kept for the running minute (an allowlist entry may end). */
  readonly #answers = new Map<string, Protection | undefined>()
  #minute = -1

  constructor(options: NeverBlockOptions) {
    this.#publicPrefixes = options.treatAsPublic.map(getPrefix)
    this.#entries = [
      ...options.allowlist.map(({ prefix, note, untilMs }) => {
        const allowed = getPrefix(prefix)
        const detail = `${displayPrefix(allowed)} ${note}`.trim()
        return { prefix: allowed, kind: 'allowlist', detail, untilMs: untilMs ?? NEVER_MS }
      }),
      ...options.protectedEntries.map(({ prefix, kind, detail }) => {
        return { prefix: getPrefix(prefix), kind, detail, untilMs: NEVER_MS }
      })
    ]
    if (this.#entries.length < INDEXED_FROM) return
    const index = new BlocklistIndex()
    this.#entries.forEach(({ prefix, untilMs }, handle) => {
      index.add({ prefix: prefix.text, untilMs, handle })
    })
    this.#index = index
  }

  /** Why nothing may be done about the address or prefix at this time; undefined if it may. */
  find(text: string, atMs: number): Protection | undefined {
    const minute = Math.floor(atMs / 60_000)
    if (minute !== this.#minute || this.#answers.size >= ANSWERS_MAX) {
      this.#minute = minute
      this.#answers.clear()
    }
    const known = this.#answers.get(text)
    if (known !== undefined || this.#answers.has(text)) return known
    const found = this.#find(text, atMs)
    this.#answers.set(text, found)
    return found
  }

  #find(text: string, atMs: number): Protection | undefined {
    const prefix = findPrefix(text)
    if (prefix === undefined) return { kind: 'not-an-address', detail: text.slice(0, 64) }
    if (isTooWide(prefix)) {
      return {
        kind: 'too-wide',
        detail: `${prefix.text} is wider than /${WIDEST_IPV4} or /${WIDEST_IPV6}`
      }
    }
    const named = this.#findNamed(prefix, atMs)
    if (named !== undefined) return { kind: named.kind, detail: named.detail }
    return this.#findReserved(prefix)
  }

  #findNamed(prefix: Prefix, atMs: number): NamedEntry | undefined {
    if (this.#index === undefined) {
      return this.#entries.find(
        (entry) => entry.untilMs > atMs && prefixesOverlap(entry.prefix, prefix)
      )
    }
    const [first] = this.#index
      .overlapping(prefix.text)
      .filter((handle) => (this.#entries[handle]?.untilMs ?? 0) > atMs)
      .sort((a, b) => a - b)
    return first === undefined ? undefined : this.#entries[first]
  }

  #findReserved(prefix: Prefix): Protection | undefined {
    for (const reserved of RESERVED_PREFIXES) {
      if (!prefixesOverlap(reserved.prefix, prefix)) continue
      if (this.#publicPrefixes.some((open) => prefixContains(open, prefix))) continue
      return { kind: reserved.kind, detail: reserved.prefix.text }
    }
    return undefined
  }
}
