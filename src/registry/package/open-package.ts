/** A package from its files, wherever they come from: hashes, signature, operators and golden predictions are checked before anybody is given the model. */
import { createHash } from 'node:crypto'
import {
  decodeForest,
  type FeatureSpec,
  type Forest,
  importForest,
  ModelError,
  type ModelParts,
  THRESHOLD_DEFAULT
} from '../../runtime/index.ts'
import { checkGolden } from './golden.ts'
import {
  FILE,
  FILES_MAX,
  goldenSchema,
  type Manifest,
  manifestSchema,
  PACKAGE_BYTES_MAX,
  parseFile,
  type StackFile,
  stackSchema
} from './manifest.ts'
import { checkSignature } from './signature.ts'

/** By path. */
export type PackageFiles = ReadonlyMap<string, Uint8Array>

export interface LoadOptions {
  /** Bytes of all files. @default 64 MiB */
  readonly bytesMax?: number
  /** Public keys whose signatures are taken; anybody's if it is not given. */
  readonly trusted?: readonly Uint8Array[]
}

export interface ModelPackage {
  readonly manifest: Manifest
  readonly parts: ModelParts
  /** SHA-256 of the manifest's bytes: names this very package. */
  readonly sha256: string
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** @throws {ModelError} */
export function readManifest(bytes: Uint8Array, { bytesMax, trusted }: LoadOptions): Manifest {
  const manifest = parseFile(FILE.manifest, bytes, manifestSchema)
  const paths = manifest.files.map(({ path }) => path)
  if (new Set([...paths, FILE.manifest]).size !== paths.length + 1) {
    throw invalid('expected each file once in the manifest')
  }
  for (const path of [FILE.stack, FILE.golden, FILE.card]) {
    if (!paths.includes(path)) throw invalid(`expected ${path} among the files of the manifest`)
  }
  const names = manifest.features.map(({ name }) => name)
  if (new Set(names).size !== names.length) throw invalid('expected each feature once')
  const total = manifest.files.reduce((sum, file) => sum + file.bytes, bytes.length)
  const most = bytesMax ?? PACKAGE_BYTES_MAX
  if (total > most) {
    throw new ModelError(
      'PACKAGE_TOO_LARGE',
      `expected a package of at most ${most} bytes, got one of ${total}`
    )
  }
  checkSignature(manifest, trusted)
  return manifest
}

/** @throws {ModelError} */
export function openPackage(files: PackageFiles, options: LoadOptions = {}): ModelPackage {
  if (files.size > FILES_MAX + 1) {
    throw new ModelError('PACKAGE_TOO_LARGE', `expected at most ${FILES_MAX} files`)
  }
  const bytes = files.get(FILE.manifest)
  if (bytes === undefined) throw invalid(`expected ${FILE.manifest} in the package`)
  const manifest = readManifest(bytes, options)
  for (const { path, sha256, bytes: size } of manifest.files) {
    const content = files.get(path)
    if (content === undefined) throw invalid(`expected ${path} in the package`)
    const got = sha256Of(content)
    if (content.length !== size || got !== sha256) {
      throw new ModelError(
        'HASH_MISMATCH',
        `expected ${path} with the hash ${sha256.slice(0, 12)}… of the manifest, got ${got.slice(0, 12)}…`,
        { context: { path } }
      )
    }
  }
  const fileOf = (path: string) => {
    const isNamed = manifest.files.some((file) => file.path === path)
    const content = isNamed ? files.get(path) : undefined
    if (content === undefined) throw invalid(`expected ${path} among the files of the manifest`)
    return content
  }
  const stack = parseFile(FILE.stack, fileOf(FILE.stack), stackSchema)
  const parts = assembleParts(manifest, stack, fileOf)
  checkGolden(parts, parseFile(FILE.golden, fileOf(FILE.golden), goldenSchema))
  return { manifest, parts, sha256: sha256Of(bytes) }
}

function assembleParts(
  manifest: Manifest,
  stack: StackFile,
  fileOf: (path: string) => Uint8Array
): ModelParts {
  const features = featuresOf(manifest)
  const members = stack.members.map((member) => {
    const bytes = fileOf(member.path)
    const forest = readForest(bytes, member, features)
    if (forest.objective !== member.objective || forest.combination !== member.combination) {
      throw invalid(`expected ${member.path} to be what stack.json says`)
    }
    return { forest, input: member.input }
  })
  const { classes, thresholds } = manifest
  const logistic = stack.logistic && {
    intercept: stack.logistic.intercept,
    weights: Float64Array.from(stack.logistic.weights)
  }
  const parts: ModelParts = {
    classes,
    members,
    logistic: logistic ?? undefined,
    calibration: stack.calibration.map((step) =>
      step.kind === 'temperature'
        ? step
        : { kind: step.kind, x: Float64Array.from(step.x), y: Float64Array.from(step.y) }
    ),
    threshold: thresholds.decision ?? THRESHOLD_DEFAULT
  }
  checkParts(parts)
  return parts
}

/** What the manifest says of the features, as forests know them. */
export function featuresOf({ features }: Manifest): FeatureSpec[] {
  return features.map((feature) =>
    feature.kind === 'numeric'
      ? { name: feature.name, kind: 'numeric' }
      : { name: feature.name, kind: 'category', categories: feature.categories }
  )
}

function readForest(
  bytes: Uint8Array,
  { form, objective, combination, path }: StackFile['members'][number],
  features: readonly FeatureSpec[]
): Forest {
  if (form === 'onnx') {
    if (objective === 'isolation') throw invalid(`expected ${path} in the form "forest"`)
    return importForest(bytes, { features, objective, combination })
  }
  const forest = decodeForest(bytes)
  if (JSON.stringify(forest.features) !== JSON.stringify(features)) {
    throw invalid(`expected ${path} to ask for the features of the manifest`)
  }
  return forest
}

function checkParts({ classes, members, logistic, calibration }: ModelParts): void {
  const scores = classes.length === 2 ? 1 : classes.length
  const areFitting = members.every(({ forest }) => forest.scores === scores)
  if (!areFitting) throw invalid(`expected ${scores} scores for ${classes.length} classes`)
  if (logistic === undefined ? members.length !== 1 : logistic.weights.length !== members.length) {
    throw invalid('expected a weight for each member of the stack')
  }
  if (logistic !== undefined && scores !== 1) throw invalid('expected a stack of two classes')
  for (const step of calibration) {
    if (step.kind !== 'isotonic') continue
    const isRising = (values: Float64Array) =>
      values.every((value, i) => i === 0 || value >= (values[i - 1] ?? value))
    const isMap = step.x.length === step.y.length && isRising(step.x) && isRising(step.y)
    if (!isMap || scores !== 1) throw invalid('expected an isotonic map of two classes')
  }
}

function invalid(message: string): ModelError {
  return new ModelError('PACKAGE_INVALID', message)
}
