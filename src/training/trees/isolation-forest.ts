/**
 * Isolation forests (Liu, Ting, Zhou 2008): random splits of small samples; rows that are soon alone are strange. Trees are grown
 * from values, not bins, because a split is uniform between the least and the largest value of a node.
 */
import { integerBelow, mixSeed, type Random, seededRandom } from '../../base/index.ts'
import { assembleForest, type Forest, type Tree, wordsOfSet } from '../../runtime/index.ts'
import type { ColumnTable } from './column-table.ts'
import { type IsolationOptions, isolationSettings } from './forest-options.ts'
import { checkColumns } from './targets.ts'

const EULER = 0.5772156649015329

/** Mean path of a failed search in a binary tree of n values: how much deeper a leaf of n rows would go. */
export function meanPath(n: number): number {
  if (n <= 1) return 0
  if (n === 2) return 1
  return 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n
}

/** @throws {OPTION_INVALID} @throws {TABLE_INVALID} */
export function trainIsolationForest(table: ColumnTable, options: IsolationOptions = {}): Forest {
  const settings = isolationSettings(options)
  checkColumns(table)
  const sampleRows = Math.min(settings.sampleRows, table.rows)
  const order = Int32Array.from({ length: table.rows }, (_, row) => row)
  const trees = Array.from({ length: settings.trees }, (_, index) => {
    const random = seededRandom(mixSeed(settings.seed, index))
    for (let i = 0; i < sampleRows; i++) swap(order, i, i + integerBelow(random, order.length - i))
    return new IsolationTree(table, random).grow(order.slice(0, sampleRows))
  })
  return assembleForest(
    {
      objective: 'isolation',
      combination: 'mean',
      scores: 1,
      features: table.features,
      baseScore: new Float64Array(1),
      leafWidth: 1,
      pathNorm: Math.max(meanPath(sampleRows), 1)
    },
    trees
  )
}

function swap(order: Int32Array, a: number, b: number): void {
  const kept = order[a] as number
  order[a] = order[b] as number
  order[b] = kept
}

interface Node {
  readonly rows: Int32Array
  readonly depth: number
}

class IsolationTree {
  readonly #table: ColumnTable
  readonly #random: Random
  readonly #feature: number[] = []
  readonly #threshold: number[] = []
  readonly #left: number[] = []
  readonly #missingLeft: number[] = []
  readonly #set: number[] = []
  readonly #words: number[] = []
  readonly #values: number[] = []
  readonly #cover: number[] = []

  constructor(table: ColumnTable, random: Random) {
    this.#table = table
    this.#random = random
  }

  grow(rows: Int32Array): Tree {
    const depthMax = Math.ceil(Math.log2(Math.max(rows.length, 2)))
    const nodes: Node[] = [{ rows, depth: 0 }]
    for (const [node, { rows: own, depth }] of queue(nodes)) {
      const isLeft = depth < depthMax && own.length > 1 ? this.#split(own) : undefined
      this.#cover.push(own.length)
      if (isLeft === undefined) {
        this.#addLeaf(depth + meanPath(own.length))
        continue
      }
      this.#left[node] = nodes.length
      nodes.push({ rows: own.filter(isLeft), depth: depth + 1 })
      nodes.push({ rows: own.filter((row) => !isLeft(row)), depth: depth + 1 })
    }
    return {
      class: 0,
      feature: Int32Array.from(this.#feature),
      threshold: Float32Array.from(this.#threshold),
      left: Int32Array.from(this.#left),
      right: Int32Array.from(this.#left, (left, node) =>
        (this.#feature[node] ?? -1) < 0 ? 0 : left + 1
      ),
      missingLeft: Uint8Array.from(this.#missingLeft),
      categorySet: Int32Array.from(this.#set),
      categoryWords: Uint32Array.from(this.#words),
      leafValue: Float32Array.from(this.#values),
      cover: Float64Array.from(this.#cover)
    }
  }

  #addLeaf(path: number): void {
    this.#feature.push(-1)
    this.#threshold.push(0)
    this.#left.push(this.#values.length)
    this.#missingLeft.push(0)
    this.#set.push(-1)
    this.#values.push(path)
  }

  /** Appends a node that asks for a feature which differs among the rows; undefined if none does. */
  #split(rows: Int32Array): ((row: number) => boolean) | undefined {
    const features = Int32Array.from(this.#table.features, (_, index) => index)
    for (let i = 0; i < features.length; i++) {
      swap(features, i, i + integerBelow(this.#random, features.length - i))
      const feature = features[i] as number
      const isCategory = this.#table.features[feature]?.kind === 'category'
      const isLeft = isCategory
        ? this.#splitCategory(feature, rows)
        : this.#splitNumber(feature, rows)
      if (isLeft !== undefined) return isLeft
    }
    return undefined
  }

  #splitNumber(feature: number, rows: Int32Array): ((row: number) => boolean) | undefined {
    const values = this.#table.columns[feature] ?? new Float32Array(0)
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (const row of rows) {
      const value = Math.fround(values[row] as number)
      if (value < low) low = value
      if (value > high) high = value
    }
    if (!(low < high)) return undefined
    const drawn = Math.fround(low + this.#random.next() * (high - low))
    const threshold = drawn >= low && drawn < high ? drawn : low
    const isMissingLeft = this.#random.next() < 0.5
    this.#addSplit(feature, threshold, isMissingLeft, -1)
    return (row) => {
      const value = Math.fround(values[row] as number)
      return Number.isNaN(value) ? isMissingLeft : value <= threshold
    }
  }

  /** Half of the categories that occur, drawn anew, go left. */
  #splitCategory(feature: number, rows: Int32Array): ((row: number) => boolean) | undefined {
    const values = this.#table.columns[feature] ?? new Float32Array(0)
    const present = [...new Set(Array.from(rows, (row) => values[row] as number))]
      .filter((code) => code >= 0)
      .sort((a, b) => a - b)
    if (present.length < 2) return undefined
    for (let i = present.length - 1; i > 0; i--) {
      const other = integerBelow(this.#random, i + 1)
      const code = present[i] as number
      present[i] = present[other] as number
      present[other] = code
    }
    const count = 1 + integerBelow(this.#random, present.length - 1)
    const set = new Set(present.slice(0, count))
    const words = new Uint32Array(wordsOfSet(this.#table.features[feature]))
    for (const code of set) words[code >>> 5] = (words[code >>> 5] ?? 0) | (1 << (code & 31))
    const isMissingLeft = this.#random.next() < 0.5
    this.#addSplit(feature, Number.NaN, isMissingLeft, this.#words.length)
    this.#words.push(...words)
    return (row) => {
      const code = values[row] as number
      return code >= 0 ? set.has(code) : isMissingLeft
    }
  }

  #addSplit(feature: number, threshold: number, isMissingLeft: boolean, set: number): void {
    this.#feature.push(feature)
    this.#threshold.push(threshold)
    this.#left.push(0)
    this.#missingLeft.push(isMissingLeft ? 1 : 0)
    this.#set.push(set)
  }
}

/** Goes on to what is appended meanwhile. */
function* queue(nodes: readonly Node[]): Generator<[number, Node]> {
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index]
    if (node !== undefined) yield [index, node]
  }
}
