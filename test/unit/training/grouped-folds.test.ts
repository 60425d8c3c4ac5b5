/** Folds for cross-validation: no group is cut, classes are spread, the seed decides, and too few groups are refused. */
import { equal, is, match, ok } from 'uvu/assert'
import { TrainingError } from '../../../src/training/errors.ts'
import { groupedFolds } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('folds that keep groups together')

/** 40 groups of 1 to 40 rows; a group is all of one class. */
function campaigns() {
  const groups: string[] = []
  const labels: number[] = []
  for (let group = 0; group < 40; group++) {
    for (let row = 0; row <= group; row++) {
      groups.push(`campaign ${group}`)
      labels.push(group % 3)
    }
  }
  return { groups, labels: Int32Array.from(labels), classes: 3 }
}

test('every row of a group is in one fold, and every fold has rows', () => {
  const { groups, labels, classes } = campaigns()
  const folds = groupedFolds({ groups, labels, classes }, 5, 1)
  is(folds.length, groups.length)
  const byGroup = new Map<string, Set<number>>()
  for (const [row, group] of groups.entries()) {
    const own = byGroup.get(group) ?? new Set()
    own.add(folds[row] ?? -1)
    byGroup.set(group, own)
  }
  ok([...byGroup.values()].every((own) => own.size === 1))
  equal([...new Set(folds)].sort(), [0, 1, 2, 3, 4])
})

test('classes are spread: no fold has more than twice its share of one', () => {
  const { groups, labels, classes } = campaigns()
  const folds = groupedFolds({ groups, labels, classes }, 5, 1)
  for (let k = 0; k < classes; k++) {
    const total = labels.filter((label) => label === k).length
    for (let fold = 0; fold < 5; fold++) {
      const own = labels.filter((label, row) => label === k && folds[row] === fold).length
      ok(own > total / 10 && own < (total * 2) / 5, `class ${k}, fold ${fold}: ${own} of ${total}`)
    }
  }
})

test('the same seed gives the same folds, another seed others', () => {
  const { groups, labels, classes } = campaigns()
  // Groups of equal size, so that it is the seed that orders them.
  const equalSized = groups.map((_, row) => `g${row % 60}`)
  const of = (seed: number) => groupedFolds({ groups: equalSized, labels, classes }, 5, seed).join()
  is(of(1), of(1))
  ok(of(1) !== of(2))
})

test('refuses fewer groups than folds', () => {
  const labels = Int32Array.of(0, 1, 0, 1)
  try {
    groupedFolds({ groups: ['a', 'a', 'b', 'b'], labels, classes: 2 }, 3, 1)
    ok(false, 'expected a refusal')
  } catch (error) {
    ok(error instanceof TrainingError)
    is(error.code, 'TABLE_INVALID')
    match(error.message, /at least 3 groups for 3 folds, got 2/)
  }
})
