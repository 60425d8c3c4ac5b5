/**
 * The list of hashes beside the shipped packages, as `sha256sum` writes and checks it. Nobody's key signs what is shipped: the list is
 * what the program itself says of it, and a manifest that it does not name is not loaded.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../base/index.ts'
import { ModelError } from '../runtime/index.ts'
import { FILE } from './package/manifest.ts'
import { type ModelPackage, type PackageFiles, sha256Of } from './package/open-package.ts'

export const SUMS_FILE = 'SHA256SUMS'
const LINE = /^([0-9a-f]{64}) [ *](.+)$/

/** Lines of the list for one package, by path. */
export function sumsOf(
  { name, version }: { readonly name: string; readonly version: string },
  files: PackageFiles
): string {
  return [...files]
    .map(([path, bytes]) => `${sha256Of(bytes)}  ${name}/${version}/${path}\n`)
    .sort((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1))
    .join('')
}

/** @throws {HASH_MISMATCH} unless the list names this very package */
export async function checkShipped(
  shippedDir: string,
  { manifest, sha256 }: Pick<ModelPackage, 'manifest' | 'sha256'>
): Promise<void> {
  const path = `${manifest.name}/${manifest.version}/${FILE.manifest}`
  const named = (await readSums(shippedDir)).get(path)
  if (named === sha256) return
  const got = named === undefined ? 'no line for it' : `${named.slice(0, 12)}…`
  throw new ModelError(
    'HASH_MISMATCH',
    `expected ${SUMS_FILE} beside the shipped models to name ${path} with ${sha256.slice(0, 12)}…, got ${got}: install the program anew`
  )
}

async function readSums(shippedDir: string): Promise<ReadonlyMap<string, string>> {
  let text: string
  try {
    text = await readFile(join(shippedDir, SUMS_FILE), 'utf8')
  } catch (cause) {
    throw new ModelError(
      'PACKAGE_INVALID',
      `expected ${SUMS_FILE} beside the shipped models: ${messageOf(cause)}`,
      { cause }
    )
  }
  const sums = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, sha256, path] = LINE.exec(line) ?? []
    if (sha256 !== undefined && path !== undefined) sums.set(path, sha256)
  }
  return sums
}
