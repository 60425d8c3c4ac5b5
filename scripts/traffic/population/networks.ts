/**
 * Invented networks with addresses of public ranges: whose they are on the real Internet says nothing here. Blocks that hold any
 * special-purpose range (RFC 6890 and its updates) are left out whole, so that no address can be reserved.
 */
import type { AddressText } from '../../../src/base/index.ts'
import { Draw } from '../draw.ts'

export type NetworkKind = 'isp' | 'mobile' | 'university' | 'hosting'

export interface Network {
  readonly name: string
  readonly kind: NetworkKind
  /** First address of a /15. */
  readonly ipv4: number
  /** The first two groups of a /32. */
  readonly ipv6: string
}

const COUNTS: readonly (readonly [NetworkKind, number])[] = [
  ['isp', 28],
  ['mobile', 12],
  ['university', 14],
  ['hosting', 26]
]
/** /8s with a special-purpose block in them, and what is no unicast. */
const FIRST_OCTETS_WITH_RESERVED = new Set([0, 10, 100, 127, 169, 172, 192, 198, 203])
const IPV6_TOPS = [
  '2400',
  '2402',
  '2600',
  '2601',
  '2602',
  '2604',
  '2800',
  '2804',
  '2a00',
  '2a01',
  '2a02',
  '2a03',
  '2c0f'
]
const HOSTS = 2 ** 17
/** Every so many host numbers are kept for people who live next to somebody. */
export const NEIGHBOURS_EVERY = 16

export function inventNetworks(seed: number): readonly Network[] {
  const draw = new Draw(seed).fork('networks')
  const taken = new Set<number>()
  const networks: Network[] = []
  for (const [kind, count] of COUNTS) {
    for (let i = 0; i < count; i++) {
      let block: number
      do {
        const first = draw.between(1, 223)
        block = FIRST_OCTETS_WITH_RESERVED.has(first) ? -1 : first * 128 + draw.below(128)
      } while (block < 0 || taken.has(block))
      taken.add(block)
      const ipv6 = `${draw.pick(IPV6_TOPS)}:${draw.between(0x100, 0xfffe).toString(16)}`
      networks.push({ name: `${kind}-${i + 1}`, kind, ipv4: block * HOSTS, ipv6 })
    }
  }
  return networks
}

export function ipv4Text(value: number): AddressText {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** Gives out each address of a network once, in an order that looks like none. */
export class Allocator {
  readonly network: Network
  readonly #draw: Draw
  readonly #offset: number
  #count = 0

  constructor(network: Network, draw: Draw) {
    this.network = network
    this.#draw = draw
    this.#offset = draw.below(HOSTS)
  }

  ipv4(): AddressText {
    for (;;) {
      // An odd factor walks through all of a power of two.
      const host = (this.#offset + Math.imul(this.#count++, 40_503)) & (HOSTS - 1)
      const last = host & 255
      if (last !== 255 && last % NEIGHBOURS_EVERY !== 0) return ipv4Text(this.network.ipv4 + host)
    }
  }

  /** A household's /64; no group is zero, so that the text is canonical without `::`. */
  ipv6Prefix(): string {
    const n = (this.#offset + Math.imul(this.#count++, 40_503)) & (HOSTS - 1)
    const group = (0x1000 + (n >>> 8)).toString(16)
    return `${this.network.ipv6}:${group}:${(0x1000 + (n & 255) * 16 + this.#draw.below(16)).toString(16)}`
  }
}

/** A device's address in a /64, as privacy extensions choose it (RFC 8981). */
export function ipv6Address(prefix: string, draw: Draw): AddressText {
  const groups = Array.from({ length: 4 }, () => draw.between(0x1000, 0xffff).toString(16))
  return `${prefix}:${groups.join(':')}`
}
