/** What a search for hyper-parameters draws from: declared here, and printed with every draw. */
import { integerBelow, type Random } from '../../base/index.ts'
import type { ModelKind, ModelParams } from './model-options.ts'

type Draw = (random: Random) => number | string

const whole =
  (minimum: number, maximum: number): Draw =>
  (random) =>
    minimum + integerBelow(random, maximum - minimum + 1)
/** Even over orders of magnitude, to three digits. */
const scaled =
  (minimum: number, maximum: number): Draw =>
  (random) =>
    Number((minimum * (maximum / minimum) ** random.next()).toPrecision(3))
const scaledWhole =
  (minimum: number, maximum: number): Draw =>
  (random) =>
    Math.round(minimum * (maximum / minimum) ** random.next())
const even =
  (minimum: number, maximum: number): Draw =>
  (random) =>
    Math.round((minimum + random.next() * (maximum - minimum)) * 100) / 100
const oneOf =
  (...values: readonly (number | string)[]): Draw =>
  (random) =>
    values[integerBelow(random, values.length)] ?? 0

const SPACE: Readonly<Record<ModelKind, Readonly<Record<string, Draw>>>> = {
  'gradient-boosting': {
    trees: scaledWhole(50, 400),
    maxDepth: whole(3, 9),
    learningRate: scaled(0.02, 0.3),
    subsample: even(0.5, 1),
    columnSample: even(0.4, 1),
    minChildWeight: scaled(0.5, 20),
    minLeaf: scaledWhole(1, 50),
    lambda: scaled(0.1, 20)
  },
  'random-forest': {
    trees: whole(100, 300),
    maxDepth: oneOf(8, 12, 16, 24, 64),
    minLeaf: scaledWhole(1, 20),
    featureSample: oneOf('sqrt', 0.2, 0.4, 0.6)
  },
  'isolation-forest': {
    trees: scaledWhole(50, 400),
    sampleRows: oneOf(64, 128, 256, 512, 1_024)
  }
}

/** One draw; what is fixed stays. */
export function drawParams(kind: ModelKind, fixed: ModelParams, random: Random): ModelParams {
  const drawn: Record<string, unknown> = {}
  // Drawn even if it is fixed: fixing one does not change the others.
  for (const [name, draw] of Object.entries(SPACE[kind])) drawn[name] = draw(random)
  return { ...drawn, ...fixed }
}
