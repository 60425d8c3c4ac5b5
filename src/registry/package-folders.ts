/** Packages as folders `<name>/<version>` under two roots: what is shipped with the program, and what this node was given. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../base/index.ts'
import { ModelError } from '../runtime/index.ts'
import type { PackageShelf, ShelvedPackage } from './model-record.ts'
import type { LoadOptions, ModelPackage, PackageFiles } from './package/open-package.ts'
import { loadPackage, writePackage } from './package/package-dir.ts'
import { compareVersions } from './shipped.ts'
import { checkShipped } from './shipped-sums.ts'

export interface PackageFoldersOptions {
  /** Read only. Undefined: nothing that is shipped is used. */
  readonly shippedDir: string | undefined
  /** Made when it is needed. Undefined: only what is shipped is looked at. */
  readonly ownDir: string | undefined
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** Folders looked at; more were not put there by a node. */
const PACKAGES_MAX = 10_000

export class PackageFolders implements PackageShelf {
  readonly #options: PackageFoldersOptions

  constructor(options: PackageFoldersOptions) {
    this.#options = options
  }

  async list(): Promise<readonly ShelvedPackage[]> {
    const { shippedDir, ownDir } = this.#options
    // The newest first: it is the one that a new node begins with.
    const found = shippedDir === undefined ? [] : await packagesIn(shippedDir)
    const shipped = found.toSorted((a, b) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : compareVersions(b.version, a.version)
    )
    const own = ownDir === undefined ? [] : await packagesIn(ownDir)
    return [
      ...shipped.map((place) => ({ ...place, isShipped: true })),
      ...own.map((place) => ({ ...place, isShipped: false }))
    ].slice(0, PACKAGES_MAX)
  }

  /** What is shipped must also be what the list beside it names. */
  async load(place: ShelvedPackage, options: LoadOptions = {}): Promise<ModelPackage> {
    const opened = await loadPackage(this.#dirOf(place), options)
    const { shippedDir } = this.#options
    if (place.isShipped && shippedDir !== undefined) await checkShipped(shippedDir, opened)
    return opened
  }

  put(
    { name, version }: { readonly name: string; readonly version: string },
    files: PackageFiles
  ): Promise<void> {
    return writePackage(this.#dirOf({ name, version, isShipped: false }), files)
  }

  async remove({
    name,
    version
  }: {
    readonly name: string
    readonly version: string
  }): Promise<void> {
    await rm(this.#dirOf({ name, version, isShipped: false }), { recursive: true, force: true })
  }

  async read(place: ShelvedPackage): Promise<PackageFiles> {
    const { manifest } = await this.load(place)
    const dir = this.#dirOf(place)
    const paths = ['manifest.json', ...manifest.files.map(({ path }) => path)]
    const files = new Map<string, Uint8Array>()
    for (const path of paths) files.set(path, await readPart(join(dir, path)))
    return files
  }

  #dirOf({ name, version, isShipped }: ShelvedPackage): string {
    if (!NAME.test(name) || !NAME.test(version)) {
      throw new ModelError('PACKAGE_INVALID', 'expected a name and a version that can be a folder')
    }
    const { shippedDir, ownDir } = this.#options
    const root = isShipped ? shippedDir : ownDir
    if (root === undefined) {
      const kind = isShipped ? 'shipped' : 'own'
      throw new ModelError(
        'PACKAGE_MISSING',
        `expected a package that is used here, got ${name}@${version}: ${kind} ones are not`
      )
    }
    return join(root, name, version)
  }
}

async function readPart(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new ModelError('PACKAGE_MISSING', `could not read ${path}: ${messageOf(cause)}`, {
      cause
    })
  }
}

async function packagesIn(root: string): Promise<{ name: string; version: string }[]> {
  const found: { name: string; version: string }[] = []
  for (const name of await foldersIn(root)) {
    for (const version of await foldersIn(join(root, name))) found.push({ name, version })
  }
  return found
}

/** None where there is no such folder: a node without models is a node with rules. */
async function foldersIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
      .map(({ name }) => name)
      .sort()
  } catch {
    return []
  }
}
