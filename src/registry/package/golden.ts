/** What a model said when it was made: it must say the same wherever it is loaded. */
import { ModelError, type ModelParts, ModelScorer } from '../../runtime/index.ts'
import { GOLDEN_TOLERANCE, type GoldenFile } from './manifest.ts'

/** @param rows row after row, as the model reads them */
export function makeGolden(parts: ModelParts, rows: Float32Array): GoldenFile {
  const scorer = new ModelScorer(parts)
  const width = parts.members[0]?.forest.features.length ?? 1
  const out = new Float64Array(scorer.width)
  return {
    tolerance: GOLDEN_TOLERANCE,
    rows: Array.from({ length: rows.length / width }, (_, row) => {
      scorer.score(rows, row * width, out)
      const input = Array.from(rows.subarray(row * width, (row + 1) * width), (value) =>
        Number.isFinite(value) ? value : null
      )
      return { input, output: [...out] }
    })
  }
}

/** @throws {GOLDEN_MISMATCH} */
export function checkGolden(parts: ModelParts, golden: GoldenFile): void {
  const scorer = new ModelScorer(parts)
  const width = parts.members[0]?.forest.features.length ?? 0
  const out = new Float64Array(scorer.width)
  for (const [index, { input, output }] of golden.rows.entries()) {
    if (input.length !== width || output.length !== scorer.width) {
      throw mismatch(index, `${width} inputs and ${scorer.width} outputs`, 'another number of them')
    }
    scorer.score(
      Float32Array.from(input, (value) => value ?? Number.NaN),
      0,
      out
    )
    for (const [k, expected] of output.entries()) {
      const got = out[k] ?? Number.NaN
      if (!(Math.abs(got - expected) <= GOLDEN_TOLERANCE)) {
        throw mismatch(index, String(expected), String(got))
      }
    }
  }
}

function mismatch(row: number, expected: string, got: string): ModelError {
  return new ModelError(
    'GOLDEN_MISMATCH',
    `expected golden prediction ${row} of the package to be ${expected}, got ${got}: it is not loaded`
  )
}
