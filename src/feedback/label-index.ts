/** Finds the label that counts for a source at a moment, among many. */
import { maskSource, sourceRangeOf } from '../base/index.ts'
import { isStronger, type Label } from './label.ts'

const IPV4 = 4

export class LabelIndex {
  readonly #byPrefix = new Map<string, Label[]>()
  /** Lengths of prefixes that any label has, by family. */
  readonly #lengths = { ipv4: new Set<number>(), ipv6: new Set<number>() }

  add(label: Label): void {
    const { first } = sourceRangeOf(label.prefix)
    const length = Number(label.prefix.slice(label.prefix.lastIndexOf('/') + 1))
    this.#lengthsOf(first).add(length)
    const key = keyOf(first, length)
    const known = this.#byPrefix.get(key)
    if (known === undefined) this.#byPrefix.set(key, [label])
    else known.push(label)
  }

  /** The strongest of those that speak of this source at this moment; undefined if none does. */
  find(source: Uint8Array, atMs: number): Label | undefined {
    let found: Label | undefined
    for (const length of this.#lengthsOf(source)) {
      for (const label of this.#byPrefix.get(keyOf(source, length)) ?? []) {
        if (atMs < label.fromMs || atMs > label.toMs) continue
        if (found === undefined || isStronger(label, found)) found = label
      }
    }
    return found
  }

  #lengthsOf(source: Uint8Array): Set<number> {
    return source[0] === IPV4 ? this.#lengths.ipv4 : this.#lengths.ipv6
  }
}

function keyOf(source: Uint8Array, length: number): string {
  return `${Buffer.from(maskSource(source, length)).toString('latin1')}/${length}`
}
