/** The model that a fresh install judges by: of the packages that come with the program, the newest that can be used. */
import { messageOf } from '../../base/index.ts'
import { shippedModelsDir } from '../../config/index.ts'
import { type BehaviourModel, createBehaviourModel, DetectionError } from '../../detection/index.ts'
import { type ModelPackage, PackageFolders } from '../../registry/index.ts'
import { ModelError } from '../../runtime/index.ts'

const TASK = 'behaviour'

export interface ShippedModel {
  /** Undefined: the rules judge alone. */
  readonly model: BehaviourModel | undefined
  /** Why packages that come with the program are not used. */
  readonly problems: readonly string[]
}

export async function findShippedModel(shippedDir = shippedModelsDir()): Promise<ShippedModel> {
  const shelf = new PackageFolders({ shippedDir, ownDir: undefined })
  const problems: string[] = []
  for (const place of await shelf.list()) {
    try {
      const opened = await shelf.load(place)
      if (opened.manifest.task === TASK) return { model: behaviourModelOf(opened), problems }
    } catch (error) {
      if (!(error instanceof ModelError || error instanceof DetectionError)) throw error
      problems.push(`${place.name}@${place.version}: ${messageOf(error)}`)
    }
  }
  return { model: undefined, problems }
}

/** @throws {MODEL_MISMATCH} */
export function behaviourModelOf(
  { manifest, parts, sha256 }: ModelPackage,
  thresholds: ModelPackage['manifest']['thresholds'] = manifest.thresholds
): BehaviourModel {
  const { name, version, featureSetVersion, features } = manifest
  return createBehaviourModel({
    ...{ name: `${name}@${version}`, digest: sha256, features, thresholds, parts },
    featureSetVersion: Number(featureSetVersion)
  })
}
