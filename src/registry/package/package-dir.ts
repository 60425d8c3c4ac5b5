/** Packages as folders. Only plain files that the manifest names are read: no links, no folders below. */
import { lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../../base/index.ts'
import { ModelError } from '../../runtime/index.ts'
import { FILE, MANIFEST_BYTES_MAX } from './manifest.ts'
import {
  type LoadOptions,
  type ModelPackage,
  openPackage,
  type PackageFiles,
  readManifest
} from './open-package.ts'

/** @throws {ModelError} */
export async function loadPackage(dir: string, options: LoadOptions = {}): Promise<ModelPackage> {
  const files = new Map<string, Uint8Array>()
  const manifestBytes = await readPlain(dir, FILE.manifest, MANIFEST_BYTES_MAX)
  files.set(FILE.manifest, manifestBytes)
  // Sizes are held against the limits before anything large is read.
  const manifest = readManifest(manifestBytes, options)
  for (const { path, bytes } of manifest.files) files.set(path, await readPlain(dir, path, bytes))
  return openPackage(files, options)
}

async function readPlain(dir: string, path: string, bytesMax: number): Promise<Uint8Array> {
  const file = join(dir, path)
  let size = 0
  try {
    const found = await lstat(file)
    if (!found.isFile()) {
      throw new ModelError('PACKAGE_INVALID', `expected a plain file ${path} in the package ${dir}`)
    }
    size = found.size
  } catch (cause) {
    if (cause instanceof ModelError) throw cause
    const isManifest = path === FILE.manifest
    throw new ModelError(
      isManifest ? 'PACKAGE_MISSING' : 'PACKAGE_INVALID',
      `expected a package in ${dir}, got no ${path} there`,
      { cause }
    )
  }
  if (size > bytesMax) {
    const code = path === FILE.manifest ? 'PACKAGE_TOO_LARGE' : 'HASH_MISMATCH'
    throw new ModelError(code, `expected at most ${bytesMax} bytes in ${path}, got ${size}`)
  }
  return readFile(file)
}

/**
 * That a package may be written there: nothing is there yet, or a package that gives way.
 *
 * @throws {PACKAGE_UNWRITABLE}
 */
export async function checkPackagePlace(dir: string): Promise<void> {
  let entries: string[] = []
  try {
    entries = await readdir(dir)
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (!isAbsent) throw unwritable(dir, messageOf(cause), cause)
  }
  if (entries.length === 0 || entries.includes(FILE.manifest)) return
  throw unwritable(dir, `expected no folder, an empty one or a package, got ${entries[0]} there`)
}

/**
 * Writes a package beside its place and moves it there, so that a folder is whole or not there. A package that is there already
 * gives way to it.
 *
 * @throws {PACKAGE_UNWRITABLE}
 */
export async function writePackage(dir: string, files: PackageFiles): Promise<void> {
  await checkPackagePlace(dir)
  const beside = (ending: string) => join(dirname(dir), `.${basename(dir)}.${ending}`)
  const draft = beside('new')
  const former = beside('old')
  try {
    await rm(draft, { recursive: true, force: true })
    await mkdir(draft, { recursive: true })
    for (const [path, bytes] of files) {
      const file = await open(join(draft, path), 'wx', 0o644)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
    }
    await rm(former, { recursive: true, force: true })
    await rename(dir, former).catch(() => undefined)
    await rename(draft, dir)
    await rm(former, { recursive: true, force: true })
  } catch (cause) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined)
    throw unwritable(dir, messageOf(cause), cause)
  }
}

function unwritable(dir: string, why: string, cause?: unknown): ModelError {
  const message = `could not write the package to ${dir}: ${why}`
  return new ModelError('PACKAGE_UNWRITABLE', message, { cause })
}
