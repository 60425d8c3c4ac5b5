/** Keeps models: what a package is, and that it is what it says. Knows nothing of training, nor of what models are asked about. */

export type { RegistryErrorCode } from './errors.ts'
export { KeptPackages, type KeptPackagesPorts } from './kept-packages.ts'
export {
  type LiveCounts,
  LiveRecord,
  type LiveWord,
  type ShadowComparison
} from './live-record.ts'
export {
  type ChampionSeat,
  MODEL_STAGES,
  type ModelChange,
  type ModelEvent,
  type ModelOrigin,
  type ModelRecord,
  type ModelStage,
  type ModelStore,
  modelId,
  type PackageShelf,
  type PanelSeat,
  type SeatedPackage,
  type ShelvedPackage,
  type TaskFit,
  type TaskPanel,
  type Thresholds
} from './model-record.ts'
export {
  ModelRegistry,
  type ModelRegistryOptions,
  type ModelRegistryPorts
} from './model-registry.ts'
export { type Amendment, amendPackage } from './package/amend-package.ts'
export { buildPackage, type PackageDraft } from './package/build-package.ts'
export { type Manifest, PACKAGE_BYTES_MAX, type PackageKind } from './package/manifest.ts'
export {
  type LoadOptions,
  type ModelPackage,
  openPackage,
  type PackageFiles
} from './package/open-package.ts'
export { checkPackagePlace, loadPackage, writePackage } from './package/package-dir.ts'
export { PackageFolders, type PackageFoldersOptions } from './package-folders.ts'
export { readTar, writeTar } from './package-tar.ts'
export {
  type HourOfPredictions,
  type ModelCounts,
  PredictionLog,
  type PredictionRecord
} from './prediction-log.ts'
export { compareVersions } from './shipped.ts'
export { SUMS_FILE, sumsOf } from './shipped-sums.ts'
