/** Forests as bytes: the same forest comes back, and nothing that could lead a walk astray is taken. */
import { equal, is, ok } from 'uvu/assert'
import {
  checkForest,
  decodeForest,
  encodeForest,
  type Forest,
  ModelError,
  predictRows
} from '../../../src/runtime/index.ts'
import { rowMajor } from '../../../src/training/index.ts'
import { sampleForests } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

// Before the suite, which runs at the next turn of the loop.
const forests = await sampleForests()
const test = suite('forests as bytes')
const [forest] = forests.get('boosting, two classes') ?? []

function given(): Forest {
  ok(forest)
  return forest
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    ok(error instanceof ModelError, String(error))
    return error.code
  }
  return 'nothing thrown'
}

for (const [name, [own, table]] of forests) {
  test(`${name}: comes back as it was`, () => {
    const bytes = encodeForest(own)
    // Bytes in the middle of others stand on no boundary.
    const moved = new Uint8Array(bytes.length + 3)
    moved.set(bytes, 3)
    const back = decodeForest(moved.subarray(3))
    // Thresholds that are NaN equal nothing, but their bytes do.
    equal(encodeForest(back), bytes)
    // As a file is read: a Buffer, which shows where a plain array copies.
    equal(encodeForest(decodeForest(Buffer.from(bytes))), bytes)
    const rows = rowMajor(table)
    equal(predictRows(back, rows, table.rows), predictRows(own, rows, table.rows))
  })
}

test('every shortened forest is refused', () => {
  const bytes = encodeForest(given())
  for (let length = 0; length < bytes.length - 8; length += 97) {
    is(
      codeOf(() => decodeForest(bytes.subarray(0, length))),
      'FOREST_INVALID'
    )
  }
})

const inner = given().feature.findIndex((feature) => feature >= 0)
const leaf = given().feature.findIndex((feature) => feature < 0)
const FAULTS: readonly { name: string; change: (forest: Forest) => void }[] = [
  { name: 'a child before its parent', change: ({ left }) => left.fill(0, inner, inner + 1) },
  { name: 'a child in another tree', change: ({ right }) => right.fill(1e6, inner, inner + 1) },
  { name: 'a feature that is not there', change: ({ feature }) => feature.fill(99, inner, 1) },
  { name: 'a leaf without a value', change: ({ left }) => left.fill(1e6, leaf, leaf + 1) },
  { name: 'a leaf that is NaN', change: ({ leafValue }) => leafValue.fill(Number.NaN) },
  { name: 'a set that is not there', change: ({ categorySet }) => categorySet.fill(1e6) },
  { name: 'a score that is not there', change: ({ treeClass }) => treeClass.fill(1) },
  { name: 'trees that hold not all nodes', change: ({ treeStart }) => treeStart.fill(0) },
  { name: 'a cover that is NaN', change: ({ cover }) => cover.fill(Number.NaN) },
  { name: 'no threshold', change: ({ threshold }) => threshold.fill(Number.NaN) }
]
for (const { name, change } of FAULTS) {
  test(`refuses ${name}`, () => {
    const copy = decodeForest(encodeForest(given()))
    checkForest(copy)
    change(copy)
    is(
      codeOf(() => decodeForest(encodeForest(copy))),
      'FOREST_INVALID'
    )
  })
}

const HEADS: readonly { name: string; change: Partial<Record<keyof Forest, unknown>> }[] = [
  { name: 'an unknown objective', change: { objective: 'best' } },
  { name: 'an unknown combination', change: { combination: 'product' } },
  { name: 'no scores', change: { scores: 0 } },
  { name: 'leaves of another width', change: { leafWidth: 3 } },
  { name: 'a feature without a name', change: { features: [{ kind: 'numeric' }] } },
  {
    name: 'a category that is a number',
    change: { features: [{ name: 'a', kind: 'category', categories: [1] }] }
  },
  { name: 'a base score too many', change: { baseScore: new Float64Array(2) } },
  { name: 'a path norm of 0', change: { pathNorm: 0 } }
]
for (const { name, change } of HEADS) {
  test(`refuses ${name}`, () => {
    const changed = { ...given(), ...change } as Forest
    is(
      codeOf(() => decodeForest(encodeForest(changed))),
      'FOREST_INVALID'
    )
  })
}

test('refuses a head that is no JSON, and one that claims to be endless', () => {
  const bytes = encodeForest(given())
  const noJson = bytes.slice()
  noJson[8] = 0
  is(
    codeOf(() => decodeForest(noJson)),
    'FOREST_INVALID'
  )
  const endless = bytes.slice().fill(255, 4, 8)
  is(
    codeOf(() => decodeForest(endless)),
    'FOREST_INVALID'
  )
})
