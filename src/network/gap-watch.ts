/**
 * Sees what stays different between this node and its peers though they were compared: that is chance once, worth asking everybody
 * when it happens again and again, and the sign of being surrounded when it lasts (design defense.md e.5). Pure.
 */

/** What a comparison with one peer, and fetching from it, left open. Ids as hexadecimal text. */
export interface Gap {
  /** The peer names them, and does not give them. */
  readonly lacking: readonly string[]
  /** This node has held them for a while, and the peer lacks them. */
  readonly unheard: readonly string[]
}

/** "When fingerprints differ for 3 rounds". */
const ROUNDS = 3
/** One peer that is odd is no siege. */
const WITNESSES = 2

export class GapWatch {
  #differing = 0
  #lackedBefore: ReadonlySet<string> = new Set()
  #unheardBefore: ReadonlySet<string> = new Set()
  #isEclipseSuspected = false

  get isEclipseSuspected(): boolean {
    return this.#isEclipseSuspected
  }

  /** Of a comparison with a peer as they come. @returns whether everybody is to be asked now */
  note(gap: Gap): boolean {
    const isOpen = gap.lacking.length > 0 || gap.unheard.length > 0
    this.#differing = isOpen ? this.#differing + 1 : 0
    if (this.#differing < ROUNDS) return false
    this.#differing = 0
    return true
  }

  /**
   * Of peers of different sites, compared one after the other. A gap lasts if one of its events was in the same gap at the check
   * before; without anybody to compare with, nothing is learned.
   */
  check(gaps: readonly Gap[]): void {
    if (gaps.length === 0) return
    const lasting = gaps.filter(
      ({ lacking, unheard }) =>
        lacking.some((id) => this.#lackedBefore.has(id)) ||
        unheard.some((id) => this.#unheardBefore.has(id))
    )
    this.#isEclipseSuspected = lasting.length >= Math.min(WITNESSES, gaps.length)
    this.#lackedBefore = new Set(gaps.flatMap(({ lacking }) => lacking))
    this.#unheardBefore = new Set(gaps.flatMap(({ unheard }) => unheard))
  }
}
