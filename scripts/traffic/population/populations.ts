/** Who sits behind which address: households, shared addresses of carriers and offices, servers, Tor exits, proxies in homes. */
import type { AddressText } from '../../../src/base/index.ts'
import { Draw } from '../draw.ts'
import {
  Allocator,
  inventNetworks,
  ipv6Address,
  NEIGHBOURS_EVERY,
  type Network,
  type NetworkKind
} from './networks.ts'

export interface PopulationOptions {
  readonly seed: number
  readonly torExits: number
  readonly carrierNats: number
  readonly sharedNats: number
  /** Of households with IPv6. */
  readonly ipv6Share: number
}

const RETURNING_MAX = 2_048
const ABUSERS_MAX = 512
/** Visits from the same /24 as an abuser: proxies in homes and rented servers have neighbours. Assumed. */
const NEIGHBOUR_SHARE = 0.04

export class Populations {
  readonly networks: readonly Network[]
  readonly torExits: readonly AddressText[]
  /** Hundreds of customers each. */
  readonly carrierNats: readonly AddressText[]
  /** Harmless people and an abuser behind one address: labelled `mixed`. */
  readonly sharedNats: readonly AddressText[]
  readonly peers: readonly AddressText[]
  readonly cdnEdges: readonly AddressText[]
  /** The keyserver's. */
  readonly ownAddress: AddressText
  readonly #draw: Draw
  readonly #ipv6Share: number
  readonly #allocators: ReadonlyMap<NetworkKind, readonly Allocator[]>
  readonly #returning: AddressText[] = []
  readonly #abusers: AddressText[] = []
  /** The first so many exits carry nobody but harmless people on this day: an address is one or the other. */
  readonly #harmlessExits: number

  constructor(options: PopulationOptions) {
    this.#draw = new Draw(options.seed).fork('populations')
    this.#ipv6Share = options.ipv6Share
    this.networks = inventNetworks(options.seed)
    const kinds: NetworkKind[] = ['isp', 'mobile', 'university', 'hosting']
    this.#allocators = new Map(
      kinds.map((kind) => [
        kind,
        this.networks
          .filter((network) => network.kind === kind)
          .map((network) => new Allocator(network, this.#draw.fork(network.name)))
      ])
    )
    const several = (count: number, make: () => AddressText) => Array.from({ length: count }, make)
    this.torExits = several(options.torExits, () => this.#fresh('hosting'))
    this.#harmlessExits = Math.ceil(options.torExits * 0.2)
    this.carrierNats = several(options.carrierNats, () => this.#fresh('mobile'))
    this.sharedNats = several(options.sharedNats, () => this.#fresh('university'))
    this.peers = several(6, () => this.#fresh('hosting'))
    this.cdnEdges = several(24, () => this.#fresh('hosting'))
    this.ownAddress = this.#fresh('hosting')
  }

  /** A home, a telephone or a campus: mostly its own address, sometimes one that many share, sometimes one seen before. */
  user(draw: Draw): AddressText {
    if (draw.chance(0.12)) return draw.pick(this.carrierNats)
    if (draw.chance(0.03))
      return this.torExits[draw.below(this.#harmlessExits)] ?? draw.pick(this.torExits)
    if (draw.chance(0.2) && this.#returning.length > 0) return draw.pick(this.#returning)
    const address = draw.chance(NEIGHBOUR_SHARE) ? this.#neighbour(draw) : this.newUser(draw)
    this.#returning[
      this.#returning.length < RETURNING_MAX ? this.#returning.length : draw.below(RETURNING_MAX)
    ] = address
    return address
  }

  /** From now on there are harmless people next to it. */
  noteAbuser(address: AddressText): AddressText {
    const { length } = this.#abusers
    if (!address.includes(':')) {
      this.#abusers[length < ABUSERS_MAX ? length : this.#draw.below(ABUSERS_MAX)] = address
    }
    return address
  }

  /** In the /24 of an abuser, at a number that no allocator gives out. */
  #neighbour(draw: Draw): AddressText {
    if (this.#abusers.length === 0) return this.newUser(draw)
    const prefix = draw.pick(this.#abusers).replace(/[^.]+$/, '')
    return `${prefix}${NEIGHBOURS_EVERY * draw.between(1, 256 / NEIGHBOURS_EVERY - 1)}`
  }

  /** An address that nobody else has, neither before nor after. */
  newUser(draw: Draw): AddressText {
    const kind = draw.weighted<NetworkKind>([
      [6, 'isp'],
      [2, 'mobile'],
      [2, 'university']
    ])
    return draw.chance(this.#ipv6Share)
      ? ipv6Address(this.prefix64(kind, draw), draw)
      : this.#fresh(kind)
  }

  server(draw: Draw): AddressText {
    if (draw.chance(0.15)) return ipv6Address(this.prefix64('hosting', draw), draw)
    return this.#fresh('hosting')
  }

  serverIpv4(): AddressText {
    return this.#fresh('hosting')
  }

  prefix64(kind: NetworkKind, draw: Draw): string {
    return draw.pick(this.#allocators.get(kind) ?? []).ipv6Prefix()
  }

  addressIn(prefix: string, draw: Draw): AddressText {
    return ipv6Address(prefix, draw)
  }

  /** An exit that abusers use; campaigns may share it. */
  abusedExit(draw: Draw): AddressText {
    const at = this.#harmlessExits + draw.below(this.torExits.length - this.#harmlessExits)
    return this.torExits[at] ?? draw.pick(this.torExits)
  }

  /** So many different ones, or all that there are. */
  abusedExits(count: number, draw: Draw): readonly AddressText[] {
    const exits = this.torExits.slice(this.#harmlessExits)
    for (let i = exits.length - 1; i > 0; i--) {
      const other = draw.below(i + 1)
      const held = exits[i] ?? ''
      exits[i] = exits[other] ?? ''
      exits[other] = held
    }
    return exits.slice(0, count)
  }

  #fresh(kind: NetworkKind): AddressText {
    return this.#draw.pick(this.#allocators.get(kind) ?? []).ipv4()
  }
}
