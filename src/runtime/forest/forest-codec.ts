/**
 * A forest as bytes: `NMF1`, the length of a JSON head, the head, then the arrays in little-endian order, each on a multiple of 8
 * bytes. Nothing that is read is believed: every index is checked before the forest is handed out, so that a walk always ends.
 */
import { messageOf } from '../../base/index.ts'
import { ModelError } from '../errors.ts'
import { type FeatureSpec, type Forest, wordsOfSet } from './forest.ts'

const MAGIC = 0x31464d4e
const HEAD_AT = 8
const HEAD_BYTES_MAX = 16 * 1024 * 1024
const FEATURES_MAX = 100_000
const SCORES_MAX = 100_000

/** In this order, with the head's count that gives their length. */
const ARRAYS = [
  ['treeStart', 'starts', Int32Array],
  ['treeClass', 'trees', Int32Array],
  ['feature', 'nodes', Int32Array],
  ['threshold', 'nodes', Float32Array],
  ['left', 'nodes', Int32Array],
  ['right', 'nodes', Int32Array],
  ['missingLeft', 'nodes', Uint8Array],
  ['categorySet', 'nodes', Int32Array],
  ['categoryWords', 'words', Uint32Array],
  ['leafValue', 'leaves', Float32Array],
  ['cover', 'nodes', Float64Array]
] as const

type Counts = Readonly<Record<'starts' | 'trees' | 'nodes' | 'words' | 'leaves', number>>
type Scalars = Pick<
  Forest,
  'objective' | 'combination' | 'scores' | 'features' | 'leafWidth' | 'pathNorm'
> & { readonly baseScore: readonly number[] }
type Head = Scalars & Pick<Counts, 'trees' | 'nodes' | 'words' | 'leaves'>

const align = (at: number) => Math.ceil(at / 8) * 8

export function encodeForest(forest: Forest): Uint8Array<ArrayBuffer> {
  const { objective, combination, scores, features, leafWidth, pathNorm } = forest
  const head: Head = {
    ...{ objective, combination, scores, features, leafWidth, pathNorm },
    baseScore: [...forest.baseScore],
    trees: forest.treeClass.length,
    nodes: forest.feature.length,
    words: forest.categoryWords.length,
    leaves: forest.leafValue.length
  }
  const text = new TextEncoder().encode(JSON.stringify(head))
  const sizes = ARRAYS.map(([name]) => align(forest[name].byteLength))
  const arraysAt = align(HEAD_AT + text.length)
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, arraysAt))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, text.length, true)
  bytes.set(text, HEAD_AT)
  let at = arraysAt
  for (const [index, [name]] of ARRAYS.entries()) {
    const { buffer, byteOffset, byteLength } = forest[name]
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at)
    at += sizes[index] ?? 0
  }
  return bytes
}

/** @throws {FOREST_INVALID} */
export function decodeForest(given: Uint8Array): Forest {
  // What `slice` copies of a plain array it only shows of a Buffer.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEAD_AT || view.getUint32(0, true) !== MAGIC) {
    throw invalid('expected the bytes of a forest')
  }
  const headBytes = view.getUint32(4, true)
  if (headBytes > Math.min(HEAD_BYTES_MAX, bytes.length - HEAD_AT)) {
    throw invalid(`expected a head of at most ${HEAD_BYTES_MAX} bytes, got ${headBytes}`)
  }
  const head = readHead(bytes.subarray(HEAD_AT, HEAD_AT + headBytes))
  const counts: Counts = { ...head, starts: head.trees + 1 }
  let at = align(HEAD_AT + headBytes)
  const arrays: Record<string, ArrayLike<number>> = {}
  for (const [name, count, Kind] of ARRAYS) {
    const size = counts[count] * Kind.BYTES_PER_ELEMENT
    if (at + size > bytes.length) throw invalid(`expected ${size} bytes of ${name}, got fewer`)
    // A copy stands on a boundary of its own, and outlives the file that it came from.
    arrays[name] = new Kind(bytes.slice(at, at + size).buffer)
    at = align(at + size)
  }
  const { objective, combination, scores, features, leafWidth, pathNorm } = head
  const baseScore = Float64Array.from(head.baseScore)
  const scalars = { objective, combination, scores, features, leafWidth, pathNorm, baseScore }
  const forest = { ...scalars, ...arrays } as unknown as Forest
  checkForest(forest)
  return forest
}

function readHead(bytes: Uint8Array): Head {
  let head: Head
  try {
    head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Head
  } catch (cause) {
    throw invalid(`expected a JSON head: ${messageOf(cause)}`)
  }
  const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0
  if (typeof head !== 'object' || head === null) throw invalid('expected an object as head')
  for (const name of ['trees', 'nodes', 'words', 'leaves', 'scores', 'leafWidth'] as const) {
    if (!isCount(head[name])) throw invalid(`expected a count of ${name}`)
  }
  if (!['binary', 'multiclass', 'regression', 'isolation'].includes(head.objective)) {
    throw invalid('expected a known objective')
  }
  if (head.combination !== 'sum' && head.combination !== 'mean') {
    throw invalid('expected a known combination')
  }
  if (head.scores < 1 || head.scores > SCORES_MAX) throw invalid('expected at least one score')
  if (head.leafWidth !== 1 && head.leafWidth !== head.scores) {
    throw invalid('expected leaves of one number or of one for each score')
  }
  const isBase = Array.isArray(head.baseScore) && head.baseScore.every(Number.isFinite)
  if (!isBase || head.baseScore.length !== head.scores) {
    throw invalid('expected a finite base score for each score')
  }
  if (!(Number.isFinite(head.pathNorm) && head.pathNorm > 0)) throw invalid('expected a path norm')
  const isList = Array.isArray(head.features) && head.features.length <= FEATURES_MAX
  if (!isList || !head.features.every(isFeature)) throw invalid('expected a list of features')
  return head
}

function isFeature(value: unknown): value is FeatureSpec {
  if (typeof value !== 'object' || value === null) return false
  const { name, kind, categories } = value as Record<string, unknown>
  if (typeof name !== 'string') return false
  if (kind === 'numeric') return categories === undefined
  return (
    kind === 'category' &&
    Array.isArray(categories) &&
    categories.every((category) => typeof category === 'string')
  )
}

/**
 * That every walk ends at a leaf that is there: children stand behind their parent and within their tree, and what nodes point at
 * exists.
 *
 * @throws {FOREST_INVALID}
 */
export function checkForest(forest: Forest): void {
  const { treeStart, treeClass, feature } = forest
  const trees = treeClass.length
  if (treeStart[0] !== 0 || treeStart[trees] !== feature.length) {
    throw invalid('expected the trees to hold all nodes')
  }
  for (let tree = 0; tree < trees; tree++) {
    const from = treeStart[tree] ?? 0
    const to = treeStart[tree + 1] ?? 0
    const score = treeClass[tree] ?? -1
    if (to <= from || from < 0 || to > feature.length) throw invalid(`tree ${tree} has no nodes`)
    if (score < 0 || score >= forest.scores) throw invalid(`tree ${tree} adds to no score`)
    for (let node = from; node < to; node++) checkNode(forest, node, to)
  }
}

function checkNode(forest: Forest, node: number, end: number): void {
  const asked = forest.feature[node] ?? -1
  const left = forest.left[node] ?? -1
  const right = forest.right[node] ?? -1
  const set = forest.categorySet[node] ?? -1
  if (!((forest.cover[node] ?? Number.NaN) >= 0)) throw invalid(`node ${node} has no cover`)
  if (asked < 0) {
    if (left < 0 || left + forest.leafWidth > forest.leafValue.length) {
      throw invalid(`leaf ${node} has no value`)
    }
    for (let k = 0; k < forest.leafWidth; k++) {
      if (!Number.isFinite(forest.leafValue[left + k])) throw invalid(`leaf ${node} is not finite`)
    }
    return
  }
  const spec = forest.features[asked]
  if (spec === undefined) throw invalid(`node ${node} asks for no feature`)
  if (left <= node || right <= node || left >= end || right >= end) {
    throw invalid(`node ${node} has no children behind it`)
  }
  const words = wordsOfSet(spec)
  const hasSet = set >= 0 && set + words <= forest.categoryWords.length
  if (spec.kind === 'category' ? !hasSet : set !== -1) throw invalid(`node ${node} has no set`)
  if (Number.isNaN(forest.threshold[node]) !== (spec.kind === 'category')) {
    throw invalid(`node ${node} has no threshold`)
  }
}

function invalid(message: string): ModelError {
  return new ModelError('FOREST_INVALID', message)
}
