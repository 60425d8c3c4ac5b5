/** Packages as one tar. Only plain files of one folder are taken, and no byte more than a package may have. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, pack } from 'tar-stream'
import { messageOf } from '../base/index.ts'
import { ModelError } from '../runtime/index.ts'
import { RegistryError } from './errors.ts'
import { FILES_MAX, PACKAGE_BYTES_MAX } from './package/manifest.ts'
import type { PackageFiles } from './package/open-package.ts'

const NAME = /^(?:\.\/)?((?:[A-Za-z0-9][\w.@-]*\/){0,2})([A-Za-z0-9][\w.-]{0,63})$/

/** Reads to the end or to the first thing that is not as it should be. @throws {TAR_INVALID | PACKAGE_TOO_LARGE} */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  bytesMax = PACKAGE_BYTES_MAX
): Promise<PackageFiles> {
  const files = new Map<string, Uint8Array>()
  let bytes = 0
  let folder: string | undefined
  const reader = extract()
  try {
    const feeding = pipeline(Readable.from(source, { objectMode: false }), reader)
    // The loop below sees the same failure; without a listener it would end the process.
    feeding.catch(() => undefined)
    for await (const entry of reader) {
      const { type, name } = entry.header
      if (type === 'directory') {
        entry.resume()
        continue
      }
      const [, at, base] = NAME.exec(name) ?? []
      if (type !== 'file' || base === undefined || at !== (folder ?? at) || files.has(base)) {
        throw invalid(`got "${name.slice(0, 100)}" (${type})`)
      }
      folder = at
      const chunks: Uint8Array[] = []
      for await (const chunk of entry) {
        bytes += (chunk as Uint8Array).length
        if (bytes > bytesMax) throw tooLarge(`at most ${bytesMax} bytes`)
        chunks.push(chunk as Uint8Array)
      }
      files.set(base, Buffer.concat(chunks))
      if (files.size > FILES_MAX + 1) throw tooLarge(`at most ${FILES_MAX} files`)
    }
    await feeding
  } catch (error) {
    reader.destroy()
    if (error instanceof RegistryError || error instanceof ModelError) throw error
    throw invalid(`got: ${messageOf(error)}`, error)
  }
  return files
}

function invalid(got: string, cause?: unknown): RegistryError {
  const message = `expected a tar with the plain files of one package, ${got}`
  return new RegistryError('TAR_INVALID', message, { cause })
}

function tooLarge(most: string): ModelError {
  return new ModelError('PACKAGE_TOO_LARGE', `expected a package of ${most}, got more`)
}

/** The same files give the same bytes. */
export async function* writeTar(files: PackageFiles): AsyncGenerator<Uint8Array> {
  const writer = pack()
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    writer.entry({ name, mode: 0o644, mtime: new Date(0) }, Buffer.from(bytes))
  }
  writer.finalize()
  for await (const chunk of writer) yield chunk as Uint8Array
}
