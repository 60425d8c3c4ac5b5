/** Tables with everything that trees must cope with, and forests grown from them. */
import { integerBelow, type Random, seededRandom } from '../../src/base/index.ts'
import type { FeatureSpec, Forest } from '../../src/runtime/index.ts'
import { type LabelledTable, trainBoosting, trainRandomForest } from '../../src/training/index.ts'

export interface TableOptions {
  readonly rows: number
  readonly numbers: number
  readonly categories?: readonly number[]
  readonly classes?: number
  /** Share of the cells that are missing. @default 0.1 */
  readonly missing?: number
  readonly seed?: number
}

/** Numbers of few and of many values, categories, missing cells; what the class depends on is noisy. */
export function makeTable(options: TableOptions): LabelledTable {
  const { rows, numbers, categories = [], classes = 2, missing = 0.1, seed = 1 } = options
  const random = seededRandom(seed)
  const features: FeatureSpec[] = []
  const columns: (Float32Array | Int32Array)[] = []
  for (let index = 0; index < numbers; index++) {
    features.push({ name: `number-${index}`, kind: 'numeric' })
    const isCoarse = index % 2 === 1
    columns.push(
      Float32Array.from({ length: rows }, () => {
        const value = isCoarse ? integerBelow(random, 7) : normal(random)
        return random.next() < missing ? Number.NaN : value
      })
    )
  }
  for (const [index, count] of categories.entries()) {
    const names = Array.from({ length: count }, (_, code) => `c${code}`)
    features.push({ name: `category-${index}`, kind: 'category', categories: names })
    columns.push(
      Int32Array.from({ length: rows }, () =>
        random.next() < missing ? -1 : integerBelow(random, count)
      )
    )
  }
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    let sum = normal(random) * 0.5
    for (const [index, values] of columns.entries()) {
      const value = values[row] ?? 0
      const isCategory = features[index]?.kind === 'category'
      if (Number.isNaN(value) || (isCategory && value < 0)) sum += 0.4
      else if (isCategory) sum += ((value * 7919) % 5) - 2
      else sum += index === 0 ? Math.abs(value) : value / (index + 1)
    }
    return Math.min(classes - 1, Math.max(0, Math.floor(sum / 1.5 + classes / 2)))
  })
  for (let k = 0; k < classes; k++) labels[k] = k
  return { rows, features, columns, labels, classes }
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

/** One forest of each kind over the same sort of table, by name. */
export async function sampleForests(): Promise<ReadonlyMap<string, [Forest, LabelledTable]>> {
  const two = makeTable({ rows: 600, numbers: 4, categories: [3, 12, 70] })
  const three = makeTable({ rows: 600, numbers: 4, categories: [3, 12], classes: 3, seed: 2 })
  const boosting = { trees: 20, maxDepth: 5, learningRate: 0.3 }
  return new Map([
    ['boosting, two classes', [trainBoosting(two, boosting), two]],
    ['boosting, three classes', [trainBoosting(three, boosting), three]],
    ['random forest, two classes', [await trainRandomForest(two, { trees: 20 }), two]],
    ['random forest, three classes', [await trainRandomForest(three, { trees: 20 }), three]]
  ])
}
