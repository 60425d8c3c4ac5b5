/** Keeps models: what a package is, and that it is what it says. Knows nothing of training, nor of what models are asked about. */
export { buildPackage, type PackageDraft } from './package/build-package.ts'
export { type Manifest, PACKAGE_BYTES_MAX, type PackageKind } from './package/manifest.ts'
export {
  type LoadOptions,
  type ModelPackage,
  openPackage,
  type PackageFiles
} from './package/open-package.ts'
export { loadPackage, writePackage } from './package/package-dir.ts'
export { type Signer, signManifest } from './package/signature.ts'
