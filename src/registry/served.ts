/** How a package becomes a model that is served: thresholds into verdicts, and whether it fits its task here. */
import type { ServedModel, VerdictStep } from '../runtime/index.ts'
import { RegistryError } from './errors.ts'
import {
  type ModelRecord,
  modelId,
  type TaskFit,
  type Thresholds,
  VERDICT_STEPS
} from './model-record.ts'
import type { Manifest } from './package/manifest.ts'
import type { ModelPackage } from './package/open-package.ts'

export function thresholdsOf({ thresholds }: Manifest): Thresholds {
  const kept: Partial<Record<(typeof VERDICT_STEPS)[number], number>> = {}
  for (const step of VERDICT_STEPS) {
    const from = thresholds[step]
    if (from !== undefined) kept[step] = from
  }
  return kept
}

export function servedModel(
  record: Pick<ModelRecord, 'name' | 'version' | 'task' | 'thresholds'>,
  { parts }: Pick<ModelPackage, 'parts'>,
  fit: TaskFit | undefined
): ServedModel {
  const { task, thresholds } = record
  const verdicts = verdictsOf(thresholds)
  return { id: modelId(record), task, parts, verdicts, ranges: rangesOf(parts, fit) }
}

/** By the names of the features: a model that is tried by its name may read others than the task has. */
function rangesOf(
  { members }: ModelPackage['parts'],
  fit: TaskFit | undefined
): ServedModel['ranges'] {
  if (fit?.ranges === undefined) return undefined
  const { ranges } = fit
  const known = new Map(fit.features.map((name, index) => [name, ranges[index]]))
  return members[0]?.forest.features.map(({ name }) => known.get(name))
}

function verdictsOf(thresholds: Thresholds): readonly VerdictStep[] {
  return VERDICT_STEPS.flatMap((verdict) => {
    const from = thresholds[verdict]
    return from === undefined ? [] : [{ verdict, from }]
  })
}

/** @throws {THRESHOLDS_INVALID} if one is missing that the task needs of whoever judges */
export function checkComplete(thresholds: Thresholds, fit: TaskFit | undefined): void {
  if (fit?.needsThresholds !== true) return
  const missing = VERDICT_STEPS.filter((step) => thresholds[step] === undefined)
  if (missing.length === 0) return
  throw new RegistryError(
    'THRESHOLDS_INVALID',
    `expected thresholds for ${VERDICT_STEPS.join(', ')} of a model that judges, got none for ${missing.join(', ')}`
  )
}

/** @throws {THRESHOLDS_INVALID} */
export function checkThresholds(thresholds: Thresholds): void {
  const steps = verdictsOf(thresholds)
  const isFine = steps.every(
    ({ from }, index) => from >= 0 && from <= 1 && from >= (steps[index - 1]?.from ?? 0)
  )
  if (isFine) return
  const got = steps.map(({ verdict, from }) => `${verdict} ${from}`).join(', ')
  throw new RegistryError(
    'THRESHOLDS_INVALID',
    `expected watch ≤ throttle ≤ ban, each from 0 to 1, got ${got}`
  )
}

/** Below it a source is rather harmless than not. */
const THROTTLE_MIN = 0.5

/**
 * What somebody sets for a task whose verdicts are acted on: nobody is slowed down who is rather harmless than not.
 *
 * @throws {THRESHOLDS_INVALID}
 */
export function checkCautious({ throttle }: Thresholds, fit: TaskFit | undefined): void {
  if (fit?.needsThresholds !== true || throttle === undefined || throttle >= THROTTLE_MIN) return
  throw new RegistryError(
    'THRESHOLDS_INVALID',
    `expected throttle from ${THROTTLE_MIN} on, since below it a source is rather harmless than not, got ${throttle}`
  )
}

/** @throws {MODEL_UNFIT} if this node computes other features for the task */
export function checkFit(manifest: Manifest, fit: TaskFit | undefined): void {
  if (fit === undefined) return
  const id = modelId(manifest)
  const { featureSetVersion, features } = fit
  if (featureSetVersion !== undefined && manifest.featureSetVersion !== featureSetVersion) {
    throw new RegistryError(
      'MODEL_UNFIT',
      `expected a model for features of version ${featureSetVersion}, got ${id} for version ${manifest.featureSetVersion}`
    )
  }
  const isSame =
    features.length === 0 ||
    (features.length === manifest.features.length &&
      manifest.features.every(({ name }, index) => name === features[index]))
  if (isSame) return
  throw new RegistryError(
    'MODEL_UNFIT',
    `expected a model of the ${features.length} features that this node computes, got ${id} of ${manifest.features.length} others`
  )
}
