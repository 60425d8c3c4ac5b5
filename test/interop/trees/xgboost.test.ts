/** The same trees in XGBoost and here: scores and contributions agree. And boosting here and there on the same table. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok } from 'uvu/assert'
import { readXgboostJson } from '../../../scripts/compare/xgboost-json.ts'
import { predictRows, TreeShap } from '../../../src/runtime/index.ts'
import { logLoss, rowMajor, trainBoosting } from '../../../src/training/index.ts'
import { makeTable } from '../../support/forests.ts'
import { suite } from '../../support/suite.ts'

const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
const probe = spawnSync(PYTHON, ['-c', 'import xgboost'])
const skip = probe.status === 0 ? undefined : 'python3-xgboost is not installed'
const test = suite('XGBoost beside us', { skip, timeoutMs: 60_000 })

const SCRIPT = `
import json, sys, numpy as np, xgboost
folder, rows, features, classes = sys.argv[1], *map(int, sys.argv[2:5])
x = np.fromfile(folder + '/x.f32', dtype=np.float32).reshape(rows, features)
y = np.fromfile(folder + '/y.i32', dtype=np.int32)
d = xgboost.DMatrix(x, label=y, nthread=1)
p = dict(tree_method='hist', max_depth=6, eta=0.2, nthread=1, max_bin=256)
p.update(dict(objective='binary:logistic') if classes == 2 else dict(objective='multi:softprob', num_class=classes))
m = xgboost.train(p, d, 30)
m.save_model(folder + '/model.json')
m.predict(d).astype(np.float64).tofile(folder + '/scores.f64')
m.predict(d, pred_contribs=True).astype(np.float64).tofile(folder + '/contributions.f64')
`

function askXgboost(rows: Float32Array, labels: Int32Array, classes: number) {
  const folder = mkdtempSync(join(tmpdir(), 'netminder-xgboost-'))
  try {
    writeFileSync(join(folder, 'x.f32'), new Uint8Array(rows.buffer))
    writeFileSync(join(folder, 'y.i32'), Uint8Array.from(new Uint8Array(labels.buffer)))
    const features = rows.length / labels.length
    const sizes = [labels.length, features, classes].map(String)
    const result = spawnSync(PYTHON, ['-c', SCRIPT, folder, ...sizes], { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(result.stderr)
    const floats = (name: string) => {
      const bytes = readFileSync(join(folder, name))
      return new Float64Array(Uint8Array.from(bytes).buffer)
    }
    return {
      model: readFileSync(join(folder, 'model.json'), 'utf8'),
      scores: floats('scores.f64'),
      contributions: floats('contributions.f64')
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function worstGap(ours: Float64Array, theirs: Float64Array): number {
  ok(ours.length === theirs.length, `expected ${theirs.length} numbers, got ${ours.length}`)
  return ours.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (theirs[i] ?? Number.NaN))),
    0
  )
}

for (const classes of [2, 3]) {
  test(`${classes} classes: its trees say the same here, and contribute the same`, () => {
    const table = makeTable({ rows: 800, numbers: 15, classes, seed: 5 })
    const rows = rowMajor(table)
    const { model, scores, contributions } = askXgboost(rows, table.labels, classes)
    const forest = readXgboostJson(model)
    const scoreGap = worstGap(predictRows(forest, rows, table.rows), scores)
    ok(scoreGap < 1e-6, `scores differ by ${scoreGap}`)
    const shap = new TreeShap(forest)
    const ours = new Float64Array(shap.width * table.rows)
    const out = new Float64Array(shap.width)
    for (let row = 0; row < table.rows; row++) {
      shap.contributions(rows, row * forest.features.length, out)
      ours.set(out, row * shap.width)
    }
    const gap = worstGap(ours, contributions)
    ok(gap < 1e-5, `contributions differ by ${gap}`)
  })

  test(`${classes} classes: where every value has a bin, our trees fit as well as its trees`, () => {
    const table = makeTable({ rows: 250, numbers: 6, classes, missing: 0.05, seed: 6 })
    const rows = rowMajor(table)
    const theirs = askXgboost(rows, table.labels, classes)
    const options = { trees: 30, maxDepth: 6, learningRate: 0.2, baseScore: 'even' as const }
    const forest = trainBoosting(table, options)
    const own = logLoss(predictRows(forest, rows, table.rows), table.labels)
    const other = logLoss(theirs.scores, table.labels)
    ok(Math.abs(own - other) < 0.01 * other, `log loss ${own} here, ${other} there`)
  })
}
