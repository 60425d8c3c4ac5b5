/** A package out of a model: its files, ready to be written or sent. What was built is opened again before it is handed out. */
import {
  encodeForest,
  exportForest,
  type ModelParts,
  type StackMember
} from '../../runtime/index.ts'
import type { Signer } from '../../wire/index.ts'
import { makeGolden } from './golden.ts'
import { FILE, type Manifest, type StackFile } from './manifest.ts'
import { type LoadOptions, openPackage, type PackageFiles, sha256Of } from './open-package.ts'
import { signManifest } from './signature.ts'

export interface PackageDraft {
  readonly manifest: Omit<Manifest, 'files' | 'formatVersion' | 'signature'>
  readonly parts: ModelParts
  /** Rows for golden predictions, one after the other, at least twenty. */
  readonly goldenRows: Float32Array
  /** Markdown. */
  readonly card: string
  readonly signer?: Signer | undefined
}

/** @throws {PACKAGE_TOO_LARGE} and whatever makes a package impossible to load */
export function buildPackage(draft: PackageDraft, options: LoadOptions = {}): PackageFiles {
  const { parts } = draft
  const files = new Map<string, Uint8Array>()
  const members = parts.members.map((member, index) => addMember(files, member, index))
  const stack: StackFile = {
    members,
    logistic: parts.logistic
      ? { intercept: parts.logistic.intercept, weights: [...parts.logistic.weights] }
      : null,
    calibration: parts.calibration.map((step) =>
      step.kind === 'temperature' ? step : { kind: step.kind, x: [...step.x], y: [...step.y] }
    )
  }
  files.set(FILE.stack, jsonBytes(stack))
  files.set(FILE.golden, jsonBytes(makeGolden(parts, draft.goldenRows)))
  files.set(FILE.card, new TextEncoder().encode(draft.card))
  const unsigned: Manifest = {
    formatVersion: 1,
    ...draft.manifest,
    files: [...files].map(([path, bytes]) => ({
      path,
      sha256: sha256Of(bytes),
      bytes: bytes.length
    }))
  }
  const manifest = draft.signer === undefined ? unsigned : signManifest(unsigned, draft.signer)
  files.set(FILE.manifest, jsonBytes(manifest))
  openPackage(files, options)
  return files
}

function addMember(
  files: Map<string, Uint8Array>,
  { forest, input }: StackMember,
  index: number
): StackFile['members'][number] {
  const { objective, combination } = forest
  const isIsolation = objective === 'isolation'
  const kind = isIsolation ? 'isolation' : combination === 'sum' ? 'boosting' : 'forest'
  const stem = files.has(`${kind}.onnx`) ? `${kind}-${index}` : kind
  const path = isIsolation ? `${stem}.forest` : `${stem}.onnx`
  files.set(path, isIsolation ? encodeForest(forest) : exportForest(forest))
  return { path, form: isIsolation ? 'forest' : 'onnx', objective, combination, input }
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 1)}\n`)
}
