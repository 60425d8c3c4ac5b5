/** The events of one network that stand, as two nodes compare them: a tree for each kind, kept up to date with every change. */
import { EVENT_KINDS, type EventKind } from '../../wire/index.ts'
import type { EventPlace } from '../ports.ts'
import { FingerprintTree } from './fingerprint-tree.ts'
import { HIGHEST_BOUND, LOWEST_BOUND } from './sync-item.ts'

export class LiveSet {
  #trees: ReadonlyMap<EventKind, FingerprintTree> = emptyTrees()

  constructor(places: Iterable<EventPlace> = []) {
    this.reset(places)
  }

  /** From now on it holds these alone. */
  reset(places: Iterable<EventPlace>): void {
    this.#trees = emptyTrees()
    for (const place of places) this.insert(place)
  }

  get size(): number {
    let size = 0
    for (const tree of this.#trees.values()) size += tree.size
    return size
  }

  treeOf(kind: EventKind): FingerprintTree {
    const tree = this.#trees.get(kind)
    if (tree === undefined) throw new RangeError(`expected a kind of event, got "${kind}"`)
    return tree
  }

  /** @returns false if it is there already */
  insert(place: EventPlace): boolean {
    return this.treeOf(place.kind).insert(place)
  }

  /** @returns false if it is not there */
  remove(place: EventPlace): boolean {
    return this.treeOf(place.kind).remove(place)
  }

  /** Two nodes that hold the same have the same text: the number and the fingerprint of each kind. */
  digest(): string {
    return [...this.#trees]
      .map(([kind, tree]) => {
        const { count, fingerprint } = tree.summary(LOWEST_BOUND, HIGHEST_BOUND)
        return `${kind}:${count}:${Buffer.from(fingerprint).toString('hex')}`
      })
      .join(' ')
  }
}

function emptyTrees(): ReadonlyMap<EventKind, FingerprintTree> {
  return new Map(EVENT_KINDS.map((kind) => [kind, new FingerprintTree()]))
}
