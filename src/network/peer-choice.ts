/** With whom to compare, so that one site cannot speak for all. Pure. */
import { integerBelow, type Random } from '../base/index.ts'
import { countedPrefixOf, findAddressOf } from './host/address-ranges.ts'

/** At random, as many as wanted: of sites (/24, /48) that are all different first, then whoever is there. */
export function chooseOfDifferentSites<T>(
  peers: readonly { readonly peer: T; readonly multiaddr: string }[],
  count: number,
  random: Random
): readonly T[] {
  const shuffled = [...peers]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = integerBelow(random, i + 1)
    const [a, b] = [shuffled[i], shuffled[j]]
    if (a === undefined || b === undefined) continue
    shuffled[i] = b
    shuffled[j] = a
  }
  const sites = new Set<string>()
  const first: T[] = []
  const others: T[] = []
  for (const { peer, multiaddr } of shuffled) {
    const address = findAddressOf(multiaddr)
    const site = address === undefined ? multiaddr : countedPrefixOf(address)
    if (sites.has(site)) others.push(peer)
    else first.push(peer)
    sites.add(site)
  }
  return [...first, ...others].slice(0, count)
}
