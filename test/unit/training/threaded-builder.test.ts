/** Histograms that several threads add up have the bits of those that one adds up. */
import { setTimeout } from 'node:timers/promises'
import { equal, is, ok } from 'uvu/assert'
import { encodeForest } from '../../../src/runtime/index.ts'
import { trainBoosting } from '../../../src/training/index.ts'
import { binBytes, binTable, makeBinMaps } from '../../../src/training/trees/binned-table.ts'
import { GradientMemory, planGradientMemory } from '../../../src/training/trees/gradient-memory.ts'
import { LoneBuilder } from '../../../src/training/trees/lone-builder.ts'
import { ThreadedBuilder } from '../../../src/training/trees/threaded-builder.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const test = suite('histograms by several threads', { timeoutMs: 60_000 })
const table = makeTable({ rows: 9_000, numbers: 12, categories: [9], seed: 41 })

for (const threads of [1, 2, 3]) {
  test(`${threads} threads, for many rows and for few, and in memory that has grown`, async () => {
    const maps = makeBinMaps(table, 255)
    const binsTotal = maps.reduce((total, map) => total + map.bins + 1, 0)
    const memory = new GradientMemory(planGradientMemory(table, binsTotal, true), binBytes(table))
    const binned = binTable(table, maps, memory.bins)
    for (let row = 0; row < table.rows; row++) {
      memory.order[row] = row
      memory.pairs[row * 2] = row / 7 - 100
      memory.pairs[row * 2 + 1] = row / 3
    }
    const lone = new LoneBuilder(binned, memory)
    const threaded = new ThreadedBuilder(binned, memory, threads)
    try {
      while (!threaded.areReady) await setTimeout(5)
      for (const features of [Int32Array.of(0, 5, 12), Int32Array.from(table.features.keys())]) {
        lone.chooseFeatures(features)
        threaded.chooseFeatures(features)
        for (const [from, to] of [
          [0, 9_000],
          [10, 60],
          [3_000, 3_000]
        ] as const) {
          const slots = [memory.takeSlot(), memory.takeSlot()] as const
          lone.build(from, to, slots[0])
          threaded.build(from, to, slots[1])
          const expected = Float64Array.from(memory.viewSums(slots[0], binsTotal))
          equal(Float64Array.from(memory.viewSums(slots[1], binsTotal)), expected)
          is(
            expected.some((sum) => sum !== 0),
            to > from
          )
          const counts = memory.viewCounts(slots[1], binsTotal)
          ok(counts)
          equal(Float64Array.from(counts), memory.viewCounts(slots[0], binsTotal)?.slice())
        }
      }
    } finally {
      threaded.close()
    }
  })
}

test('a forest is the same with any number of threads', () => {
  const options = { trees: 6, subsample: 0.8, columnSample: 0.7, minLeaf: 3 }
  const bytes = encodeForest(trainBoosting(table, options))
  for (const threads of [2, 3]) {
    equal(encodeForest(trainBoosting(table, options, { threads })), bytes)
  }
})
