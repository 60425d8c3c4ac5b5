import fc from 'fast-check'
import { ok } from 'uvu/assert'
import { applyIsotonic, auc, fitIsotonic } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const test = suite('calibration laws')

const points = fc.array(
  fc.record({
    score: fc.integer({ min: 0, max: 30 }),
    target: fc.integer({ min: 0, max: 1 }),
    weight: fc.integer({ min: 1, max: 5 })
  }),
  { minLength: 2, maxLength: 40 }
)

const columns = (list: readonly { score: number; target: number; weight: number }[]) =>
  [
    list.map(({ score }) => score),
    list.map(({ target }) => target),
    list.map(({ weight }) => weight)
  ] as const

function squares(
  list: readonly { score: number; target: number; weight: number }[],
  of: (score: number) => number
) {
  return list.reduce(
    (sum, { score, target, weight }) => sum + weight * (of(score) - target) ** 2,
    0
  )
}

test('isotonic regression rises, keeps the mean, and no other rising function is nearer', () => {
  fc.assert(
    fc.property(
      points,
      fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 31, maxLength: 31 }),
      (list, moves) => {
        const map = fitIsotonic(...columns(list))
        for (let score = 0; score < 30; score++)
          ok(applyIsotonic(map, score) <= applyIsotonic(map, score + 1) + 1e-12)
        const total = list.reduce((sum, { target, weight }) => sum + weight * target, 0)
        const fitted = list.reduce(
          (sum, { score, weight }) => sum + weight * applyIsotonic(map, score),
          0
        )
        ok(Math.abs(total - fitted) < 1e-9)
        // Any other rising function: the fitted one moved, and made rising again.
        let top = Number.NEGATIVE_INFINITY
        const other = moves.map((move, score) => {
          top = Math.max(top, applyIsotonic(map, score) + move)
          return top
        })
        ok(
          squares(list, (score) => applyIsotonic(map, score)) <=
            squares(list, (score) => other[score] ?? 0) + 1e-9
        )
      }
    )
  )
})

test('AUC is the share of pairs in order', () => {
  fc.assert(
    fc.property(points, (list) => {
      const [scores, labels] = columns(list)
      let pairs = 0
      let inOrder = 0
      for (const positive of list) {
        for (const negative of list) {
          if (positive.target !== 1 || negative.target !== 0) continue
          pairs++
          inOrder +=
            positive.score > negative.score ? 1 : positive.score === negative.score ? 0.5 : 0
        }
      }
      if (pairs === 0) ok(Number.isNaN(auc(scores, labels)))
      else ok(Math.abs(auc(scores, labels) - inOrder / pairs) < 1e-12)
    })
  )
})
