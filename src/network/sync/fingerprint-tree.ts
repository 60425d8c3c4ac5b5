/**
 * The ids that a node holds, in the order of (time, id), with the sum of every part: a B+ tree whose nodes carry the number and
 * the sum of what is below them. Adding, removing, counting and the fingerprint of any range cost O(log n); nothing is ever
 * rebuilt. A node that loses items is not merged with its neighbour but goes when it is empty: events mostly leave in the order
 * in which they came, whole leaves at a time.
 */
import { assert } from '../../base/index.ts'
import { EVENT_ID_BYTES as ID_BYTES, type SyncBound } from '../../wire/index.ts'
import { addSum, fingerprintOf, readSum, type Sum256, subtractSum, zeroSum } from './sum256.ts'
import type { SyncItem } from './sync-item.ts'

const LEAF_ITEMS = 64
const BRANCH_CHILDREN = 32

interface Leaf {
  readonly kind: 'leaf'
  count: number
  readonly sum: Sum256
  readonly times: Float64Array
  readonly ids: Uint8Array
}

interface Branch {
  readonly kind: 'branch'
  count: number
  readonly sum: Sum256
  readonly children: Node[]
}

type Node = Leaf | Branch

export interface RangeSummary {
  readonly count: number
  readonly fingerprint: Uint8Array
}

export class FingerprintTree {
  #root: Node = emptyLeaf()
  /** One id as a number, reused: the tree is never entered twice at once. */
  readonly #scratch = zeroSum()

  get size(): number {
    return this.#root.count
  }

  /** @returns false if it is there already */
  insert(item: SyncItem): boolean {
    assert(item.id.length === ID_BYTES, 'expected an id of 32 bytes', { bytes: item.id.length })
    readSum(this.#scratch, item.id, 0)
    const { isChanged, sibling } = insertInto(this.#root, item, this.#scratch)
    if (sibling !== undefined) this.#root = branchOf([this.#root, sibling])
    return isChanged
  }

  /** @returns false if it is not there */
  remove(item: SyncItem): boolean {
    readSum(this.#scratch, item.id, 0)
    const isChanged = removeFrom(this.#root, item, this.#scratch)
    while (this.#root.kind === 'branch' && this.#root.children.length <= 1) {
      this.#root = this.#root.children[0] ?? emptyLeaf()
    }
    return isChanged
  }

  has(item: SyncItem): boolean {
    const found = this.at(this.countBelow({ tsMs: item.tsMs, idPrefix: item.id }))
    return found !== undefined && found.tsMs === item.tsMs && compareIds(found.id, 0, item.id) === 0
  }

  countBelow(bound: SyncBound): number {
    let node = this.#root
    let count = 0
    while (node.kind === 'branch') {
      const index = childFor(node, bound)
      for (const child of node.children.slice(0, index)) count += child.count
      node = childAt(node, index)
    }
    return count + lowerIndex(node, bound)
  }

  /** Of everything from `lower` on that is before `upper`. */
  summary(lower: SyncBound, upper: SyncBound): RangeSummary {
    const sum = zeroSum()
    const below = zeroSum()
    const end = this.#measure(upper, sum)
    const start = this.#measure(lower, below)
    subtractSum(sum, below)
    return { count: end - start, fingerprint: fingerprintOf(sum, end - start) }
  }

  at(rank: number): SyncItem | undefined {
    if (rank < 0 || rank >= this.size) return undefined
    let node = this.#root
    let rest = rank
    while (node.kind === 'branch') {
      let index = 0
      for (let child = childAt(node, index); rest >= child.count; child = childAt(node, index)) {
        rest -= child.count
        index++
      }
      node = childAt(node, index)
    }
    return itemOf(node, rest)
  }

  /** In order, from one rank up to and without another. */
  items(fromRank: number, toRank: number): SyncItem[] {
    const result: SyncItem[] = []
    collect(this.#root, fromRank, toRank, result)
    return result
  }

  /** Adds what is before the bound to `sum`. */
  #measure(bound: SyncBound, sum: Sum256): number {
    let node = this.#root
    let count = 0
    while (node.kind === 'branch') {
      const index = childFor(node, bound)
      for (const child of node.children.slice(0, index)) {
        count += child.count
        addSum(sum, child.sum)
      }
      node = childAt(node, index)
    }
    const end = lowerIndex(node, bound)
    for (let i = 0; i < end; i++) {
      readSum(this.#scratch, node.ids, i * ID_BYTES)
      addSum(sum, this.#scratch)
    }
    return count + end
  }
}

function emptyLeaf(): Leaf {
  return {
    kind: 'leaf',
    count: 0,
    sum: zeroSum(),
    times: new Float64Array(LEAF_ITEMS),
    ids: new Uint8Array(LEAF_ITEMS * ID_BYTES)
  }
}

function branchOf(children: Node[]): Branch {
  const branch: Branch = { kind: 'branch', count: 0, sum: zeroSum(), children }
  for (const child of children) {
    branch.count += child.count
    addSum(branch.sum, child.sum)
  }
  return branch
}

function childAt(branch: Branch, index: number): Node {
  const child = branch.children[index]
  assert(child !== undefined, 'expected a child, got none', { index })
  return child
}

function itemOf(leaf: Leaf, index: number): SyncItem {
  const at = index * ID_BYTES
  return { tsMs: leaf.times[index] ?? 0, id: leaf.ids.slice(at, at + ID_BYTES) }
}

/** Negative if the id of 32 bytes at `offset` is below `other`, whose missing bytes count as zero. */
function compareIds(ids: Uint8Array, offset: number, other: Uint8Array): number {
  for (let i = 0; i < other.length; i++) {
    const difference = (ids[offset + i] ?? 0) - (other[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function isBelow(leaf: Leaf, index: number, bound: SyncBound): boolean {
  const tsMs = leaf.times[index] ?? 0
  if (tsMs !== bound.tsMs) return tsMs < bound.tsMs
  return compareIds(leaf.ids, index * ID_BYTES, bound.idPrefix) < 0
}

/** How many of the leaf's items are before the bound. */
function lowerIndex(leaf: Leaf, bound: SyncBound): number {
  let low = 0
  let high = leaf.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(leaf, middle, bound)) low = middle + 1
    else high = middle
  }
  return low
}

function firstLeaf(node: Node): Leaf {
  let at = node
  while (at.kind === 'branch') at = childAt(at, 0)
  return at
}

/** The child in which the bound falls: the last one that begins before it, or the first. */
function childFor(branch: Branch, bound: SyncBound): number {
  let low = 0
  let high = branch.children.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (isBelow(firstLeaf(childAt(branch, middle)), 0, bound)) low = middle
    else high = middle - 1
  }
  return low
}

interface Insertion {
  readonly isChanged: boolean
  /** What no longer fitted: it belongs to the right of the node. */
  readonly sibling?: Node
}

const UNCHANGED: Insertion = { isChanged: false }
const CHANGED: Insertion = { isChanged: true }

function insertInto(node: Node, item: SyncItem, value: Sum256): Insertion {
  if (node.kind === 'leaf') return insertIntoLeaf(node, item, value)
  const index = childFor(node, boundAfter(item))
  const { isChanged, sibling } = insertInto(childAt(node, index), item, value)
  if (!isChanged) return UNCHANGED
  node.count++
  addSum(node.sum, value)
  if (sibling === undefined) return CHANGED
  node.children.splice(index + 1, 0, sibling)
  if (node.children.length <= BRANCH_CHILDREN) return CHANGED
  // Most items are newer than all others: the left half stays fuller where the split is at the right end.
  const isLast = index + 1 === node.children.length - 1
  const cut = isLast ? node.children.length - 2 : node.children.length >>> 1
  const right = branchOf(node.children.splice(cut))
  node.count -= right.count
  subtractSum(node.sum, right.sum)
  return { isChanged: true, sibling: right }
}

/** The child that would hold the item is the last one that begins at or before it: one that begins before the next position. */
function boundAfter(item: SyncItem): SyncBound {
  // A copy: slice of a Buffer would be the same memory.
  const next = Uint8Array.from(item.id)
  for (let i = next.length - 1; i >= 0; i--) {
    const byte = ((next[i] ?? 0) + 1) & 0xff
    next[i] = byte
    if (byte !== 0) return { tsMs: item.tsMs, idPrefix: next }
  }
  return { tsMs: item.tsMs + 1, idPrefix: new Uint8Array(0) }
}

function insertIntoLeaf(leaf: Leaf, item: SyncItem, value: Sum256): Insertion {
  const index = lowerIndex(leaf, { tsMs: item.tsMs, idPrefix: item.id })
  if (isSameAt(leaf, index, item)) return UNCHANGED
  if (leaf.count < LEAF_ITEMS) {
    place(leaf, index, item, value)
    return CHANGED
  }
  const cut = index === leaf.count ? leaf.count : leaf.count >>> 1
  const right = moveRight(leaf, cut)
  if (index > cut || cut === LEAF_ITEMS) place(right, index - cut, item, value)
  else place(leaf, index, item, value)
  return { isChanged: true, sibling: right }
}

function isSameAt(leaf: Leaf, index: number, item: SyncItem): boolean {
  if (index >= leaf.count || leaf.times[index] !== item.tsMs) return false
  return compareIds(leaf.ids, index * ID_BYTES, item.id) === 0
}

function place(leaf: Leaf, index: number, item: SyncItem, value: Sum256): void {
  leaf.times.copyWithin(index + 1, index, leaf.count)
  leaf.ids.copyWithin((index + 1) * ID_BYTES, index * ID_BYTES, leaf.count * ID_BYTES)
  leaf.times[index] = item.tsMs
  leaf.ids.set(item.id, index * ID_BYTES)
  leaf.count++
  addSum(leaf.sum, value)
}

/** Takes everything from `cut` on into a leaf of its own. */
function moveRight(leaf: Leaf, cut: number): Leaf {
  const right = emptyLeaf()
  right.times.set(leaf.times.subarray(cut, leaf.count))
  right.ids.set(leaf.ids.subarray(cut * ID_BYTES, leaf.count * ID_BYTES))
  right.count = leaf.count - cut
  leaf.count = cut
  const value = zeroSum()
  for (let i = 0; i < right.count; i++) {
    readSum(value, right.ids, i * ID_BYTES)
    addSum(right.sum, value)
  }
  subtractSum(leaf.sum, right.sum)
  return right
}

function removeFrom(node: Node, item: SyncItem, value: Sum256): boolean {
  if (node.kind === 'leaf') {
    const index = lowerIndex(node, { tsMs: item.tsMs, idPrefix: item.id })
    if (!isSameAt(node, index, item)) return false
    node.times.copyWithin(index, index + 1, node.count)
    node.ids.copyWithin(index * ID_BYTES, (index + 1) * ID_BYTES, node.count * ID_BYTES)
    node.count--
    subtractSum(node.sum, value)
    return true
  }
  const index = childFor(node, boundAfter(item))
  const child = childAt(node, index)
  if (!removeFrom(child, item, value)) return false
  node.count--
  subtractSum(node.sum, value)
  if (child.count === 0) node.children.splice(index, 1)
  return true
}

function collect(node: Node, fromRank: number, toRank: number, result: SyncItem[]): void {
  const from = Math.max(0, fromRank)
  const to = Math.min(node.count, toRank)
  if (from >= to) return
  if (node.kind === 'leaf') {
    for (let index = from; index < to; index++) result.push(itemOf(node, index))
    return
  }
  let start = 0
  for (const child of node.children) {
    if (start >= to) return
    collect(child, from - start, to - start, result)
    start += child.count
  }
}
