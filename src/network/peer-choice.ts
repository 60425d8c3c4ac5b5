/** With whom to compare, so that one site cannot speak for all. Pure. */
import { type Random, shuffled } from '../base/index.ts'
import { countedPrefixOf, findAddressOf } from './host/address-ranges.ts'

/** At random, as many as wanted: of sites (/24, /48) that are all different first, then whoever is there. */
export function chooseOfDifferentSites<T>(
  peers: readonly { readonly peer: T; readonly multiaddr: string }[],
  count: number,
  random: Random
): readonly T[] {
  const sites = new Set<string>()
  const first: T[] = []
  const others: T[] = []
  for (const { peer, multiaddr } of shuffled(peers, random)) {
    const address = findAddressOf(multiaddr)
    const site = address === undefined ? multiaddr : countedPrefixOf(address)
    if (sites.has(site)) others.push(peer)
    else first.push(peer)
    sites.add(site)
  }
  return [...first, ...others].slice(0, count)
}
