/** Where events stand in the order in which two nodes compare them: by time, then by id. */
import { EVENT_ID_BYTES, type SyncBound } from '../../wire/index.ts'

export interface SyncItem {
  readonly tsMs: number
  readonly id: Uint8Array
}

const EMPTY = new Uint8Array(0)
export const LOWEST_BOUND: SyncBound = { tsMs: 0, idPrefix: EMPTY }
/** After everything; on the wire it is the bound that is left out. */
export const HIGHEST_BOUND: SyncBound = { tsMs: Number.POSITIVE_INFINITY, idPrefix: EMPTY }

/** The bound that has all up to and with `before` on its left, and `item` and all later ones on its right. */
export function boundBetween(before: SyncItem, item: SyncItem): SyncBound {
  if (before.tsMs !== item.tsMs) return { tsMs: item.tsMs, idPrefix: EMPTY }
  let shared = 0
  while (shared < EVENT_ID_BYTES && before.id[shared] === item.id[shared]) shared++
  return { tsMs: item.tsMs, idPrefix: item.id.slice(0, Math.min(shared + 1, EVENT_ID_BYTES)) }
}
