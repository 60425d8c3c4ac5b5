/** What the authors of one network last said of themselves, by their own numbers: in which order it came makes no difference. */
import { hexOf } from '../base/index.ts'
import type { SignedNetworkEvent } from '../wire/index.ts'

interface Announced {
  readonly id: string
  readonly seq: bigint
  readonly name: string
  readonly addresses: readonly Uint8Array[]
  readonly isLeaving: boolean
  readonly endsAtMs: number
}

export class AnnounceBook {
  readonly #byAuthor = new Map<string, Announced>()

  clear(): void {
    this.#byAuthor.clear()
  }

  add({ body, author: key, id, seq, expMs: endsAtMs }: SignedNetworkEvent): void {
    if (body.kind !== 'node-announce') return
    const author = hexOf(key)
    const known = this.#byAuthor.get(author)
    if (known !== undefined && known.seq > seq) return
    const { name, addresses, isLeaving } = body
    this.#byAuthor.set(author, { id: hexOf(id), seq, name, addresses, isLeaving, endsAtMs })
  }

  nameOf(author: string): string | undefined {
    return this.#byAuthor.get(author)?.name
  }

  /** Where the author is dialed; none of one who has left. */
  addressesOf(author: string, nowMs: number): readonly Uint8Array[] {
    return this.isThere(author, nowMs) ? (this.#byAuthor.get(author)?.addresses ?? []) : []
  }

  /** His last word was that he leaves; as long as it is remembered. */
  hasLeft(author: string): boolean {
    return this.#byAuthor.get(author)?.isLeaving === true
  }

  /** Who is there announces himself daily, and says when he leaves. */
  isThere(author: string, nowMs: number): boolean {
    const last = this.#byAuthor.get(author)
    return last !== undefined && !last.isLeaving && last.endsAtMs > nowMs
  }
}
