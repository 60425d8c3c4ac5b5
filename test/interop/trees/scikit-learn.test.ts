/** scikit-learn's figures and isotonic regression beside ours, on the same numbers. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { ok } from 'uvu/assert'
import { integerBelow, seededRandom } from '../../../src/base/index.ts'
import { applyIsotonic, auc, fitIsotonic, logLoss } from '../../../src/training/index.ts'
import { suite } from '../../support/suite.ts'

const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
const probe = spawnSync(PYTHON, ['-c', 'import sklearn'])
const skip = probe.status === 0 ? undefined : 'python3-sklearn is not installed'
const test = suite('scikit-learn beside us', { skip, timeoutMs: 60_000 })

const SCRIPT = `
import json, sys
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss, roc_auc_score
t = json.load(sys.stdin)
m = IsotonicRegression(out_of_bounds='clip').fit(t['scores'], t['labels'], sample_weight=t['weights'])
print(json.dumps(dict(
  isotonic=list(m.predict(t['grid'])),
  auc=roc_auc_score(t['labels'], t['scores']),
  loss=log_loss(t['labels'], t['scores']))))
`

for (const distinct of [20, 100_000]) {
  test(`isotonic regression to 1e-12, AUC and log loss, with ${distinct} distinct scores`, () => {
    const random = seededRandom(distinct)
    const scores = Array.from(
      { length: 3_000 },
      () => (1 + integerBelow(random, distinct)) / (distinct + 2)
    )
    const labels = scores.map((score) => (random.next() < score ** 2 ? 1 : 0))
    const weights = scores.map(() => 0.5 + random.next())
    const grid = Array.from({ length: 2_001 }, (_, index) => index / 2_000)
    const input = JSON.stringify({ scores, labels, weights, grid })
    const result = spawnSync(PYTHON, ['-c', SCRIPT], { input, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(result.stderr)
    const theirs = JSON.parse(result.stdout) as { isotonic: number[]; auc: number; loss: number }
    const map = fitIsotonic(scores, labels, weights)
    const gaps = grid.map((score, index) =>
      Math.abs(applyIsotonic(map, score) - (theirs.isotonic[index] ?? Number.NaN))
    )
    const gap = Math.max(...gaps)
    ok(gap < 1e-12, `isotonic regressions differ by ${gap}`)
    ok(Math.abs(auc(scores, labels) - theirs.auc) < 1e-12)
    ok(Math.abs(logLoss(Float64Array.from(scores), labels) - theirs.loss) < 1e-12)
  })
}
