/** Packages on the disk of whoever runs a command: read to be sent, written as they came. */
import { createReadStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { messageOf } from '../../base/index.ts'
import { PACKAGE_BYTES_MAX, writeTar } from '../../registry/index.ts'
import { CliError } from '../errors.ts'

/** A tar has a header for each file and is filled up at its end. */
const TAR_BYTES_MAX = PACKAGE_BYTES_MAX + 1_048_576
const FILES_MAX = 64

/** The package as one tar. What is in it is looked at by the node. @throws {CLI_INPUT_MISSING | CLI_INPUT_INVALID} */
export async function readPackage(path: string, stdin: Readable): Promise<Uint8Array> {
  if (path === '-') return await readAll(stdin)
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return await readAll(createReadStream(path))
    return await readAll(writeTar(await filesOf(path)))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const message = `expected a folder or a tar with a package at ${path}: ${messageOf(cause)}`
    throw new CliError('CLI_INPUT_MISSING', message, { cause })
  }
}

async function filesOf(dir: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = await readdir(dir, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  if (!names.includes('manifest.json') || names.length > FILES_MAX) {
    const message = `expected a package in ${dir}, got a folder without manifest.json, or with more than ${FILES_MAX} files`
    throw new CliError('CLI_INPUT_INVALID', message)
  }
  const files = new Map<string, Uint8Array>()
  let bytes = 0
  for (const name of names) {
    const { size } = await stat(join(dir, name))
    bytes += size
    if (bytes > PACKAGE_BYTES_MAX) throw tooLarge()
    files.set(name, await readFile(join(dir, name)))
  }
  return files
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > TAR_BYTES_MAX) throw tooLarge()
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks)
}

function tooLarge(): CliError {
  const message = `expected a package of at most ${PACKAGE_BYTES_MAX} bytes, got more`
  return new CliError('CLI_INPUT_INVALID', message)
}

/**
 * Writes beside the file first, so that what stands under its name is whole.
 *
 * @returns bytes
 * @throws {CLI_CANNOT_CREATE} if something is there already, or the disk refuses
 */
export async function writePackageFile(
  file: string,
  source: AsyncIterable<Uint8Array>
): Promise<number> {
  const draft = `${file}.part`
  let length = 0
  // What the node refuses is refused before a file is made.
  const chunks = source[Symbol.asyncIterator]()
  let next = await chunks.next()
  try {
    if (await exists(file)) throw new Error('there is a file of this name')
    const handle = await open(draft, 'w', 0o644)
    try {
      for (; next.done !== true; next = await chunks.next()) {
        length += next.value.length
        await handle.write(next.value)
      }
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true })
    throw new CliError('CLI_CANNOT_CREATE', `could not write ${file}: ${messageOf(cause)}`, {
      cause
    })
  }
  return length
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false
  )
}
