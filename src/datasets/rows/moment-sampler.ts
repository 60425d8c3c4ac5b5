/** Which judgements of a source become rows: the first eight, then ever fewer: 10, 12, 15, 18, …, each a fifth later than the one before. */
const EVERY_UNTIL = 8
const LATER_BY = 1.2

export class MomentSampler {
  readonly #next = new Map<string, number>()

  isDue(source: string, requests: number): boolean {
    const next = this.#next.get(source) ?? 0
    if (requests < next) return false
    this.#next.set(source, requests < EVERY_UNTIL ? requests + 1 : Math.ceil(requests * LATER_BY))
    return true
  }
}
