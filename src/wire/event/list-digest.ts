/** The digest of a list that changes bit by bit: every entry is read once, and put in order once. */
import type { PrefixText } from '../../base/index.ts'
import { sha256 } from '../bytes.ts'
import { indicatorKey } from './indicator.ts'

export class ListDigester {
  readonly #prefixes = new Map<string, PrefixText>()
  #inOrder: readonly string[] | undefined

  /** Prefixes that may be in the list at one time or another. */
  add(prefixes: readonly PrefixText[]): void {
    for (const prefix of prefixes) {
      this.#prefixes.set(Buffer.from(indicatorKey(prefix)).toString('latin1'), prefix)
    }
    this.#inOrder = undefined
  }

  /** As `listDigest`, of a list whose entries were all added. */
  digest(list: ReadonlySet<PrefixText>): Uint8Array {
    // One character for each byte: text sorts as bytes do.
    this.#inOrder ??= [...this.#prefixes.keys()].sort()
    const keys = this.#inOrder.filter((key) => list.has(this.#prefixes.get(key) ?? ''))
    return sha256(Buffer.from(keys.join(''), 'latin1'))
  }
}
