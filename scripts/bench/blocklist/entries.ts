/** What both figures of the blocklist index are measured with: distinct addresses in random order, and an index filled with them. */
import { integerBelow, type Random } from '../../../src/base/index.ts'
import type { BlocklistIndex } from '../../../src/defense/index.ts'

export const ENTRIES = 1_000_000
export const END_MS = Date.UTC(2030, 0, 1)
/** How often the size is looked at while the index is filled. */
const LOOK_EVERY = 10_000

export function addressTexts(random: Random, count: number): string[] {
  const seen = new Set<number>()
  while (seen.size < count) seen.add(2 ** 24 + integerBelow(random, 2 ** 31))
  return Array.from(seen, addressText)
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** Adds all and merges to the end. @returns the most bytes that the index held at any time */
export function fillIndex(index: BlocklistIndex, addresses: readonly string[]): number {
  let peak = 0
  addresses.forEach((address, handle) => {
    index.add({ prefix: address, untilMs: END_MS + handle, handle })
    if (handle % LOOK_EVERY === 0) peak = Math.max(peak, index.bytes)
  })
  while (index.work(ENTRIES));
  return Math.max(peak, index.bytes)
}
