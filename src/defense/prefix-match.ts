/** What of one run answers a question: the entries of exactly one prefix, or a stretch of entries. */
import { type PrefixChunk, REMOVED } from './prefix-chunk.ts'
import type { PrefixKey } from './prefix-key.ts'

export interface Wanted {
  readonly key: PrefixKey
  atS: number
  into: number[] | undefined
}

/** The first entry of this prefix that is in force, or, with `into`, `REMOVED` after all of them were put there. */
export function matchRun(chunk: PrefixChunk, from: number, { key, atS, into }: Wanted): number {
  for (let index = from; index < chunk.count && chunk.compare(index, key) === 0; index++) {
    const handle = chunk.handleAt(index)
    if (handle === REMOVED || chunk.untilAt(index) <= atS) continue
    if (into === undefined) return handle
    into.push(handle)
  }
  return REMOVED
}

/** @returns the index at which it stopped */
export function collectWhile(
  chunk: PrefixChunk,
  from: number,
  how: {
    readonly into: number[]
    readonly isWanted: (chunk: PrefixChunk, index: number) => boolean
  }
): number {
  let index = from
  for (; index < chunk.count && how.isWanted(chunk, index); index++) {
    const handle = chunk.handleAt(index)
    if (handle !== REMOVED) how.into.push(handle)
  }
  return index
}
