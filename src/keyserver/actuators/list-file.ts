/**
 * A list of prefixes in a file that others may edit too: our entries stand between two marks, every other line is kept as it
 * is. Written whole and at once (temporary file, fsync, rename), since a proxy may read it at any moment.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, chown, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { displayPrefix, findPrefix, messageOf, type PrefixText } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'

const BEGIN = '# netminder begin: lines up to the end mark are written by netminder'
const END = '# netminder end'
const FILE_BYTES_MAX = 64 * 1024 * 1024

export interface ListFileContents {
  /** Lines of others, in order, without our block. */
  readonly foreignLines: readonly string[]
  readonly own: readonly PrefixText[]
}

/** Reads a list; a block without its end mark goes to the end of the file. Pure. */
export function parseListFile(text: string): ListFileContents {
  const foreignLines: string[] = []
  const own: PrefixText[] = []
  let isOurs = false
  for (const line of text.split('\n')) {
    if (line === BEGIN) isOurs = true
    else if (line === END) isOurs = false
    else if (!isOurs) foreignLines.push(line)
    else {
      const prefix = findPrefix(line.trim())
      if (prefix !== undefined) own.push(prefix.text)
    }
  }
  while (foreignLines.at(-1) === '') foreignLines.pop()
  return { foreignLines, own }
}

/** Comments have their `#` in the first column and lines of their own: HAProxy 2.6 knows no others. Pure. */
export function renderListFile(contents: ListFileContents): string {
  const lines = [...contents.foreignLines]
  if (contents.own.length > 0) {
    const own = contents.own.map((text) => {
      const prefix = findPrefix(text)
      return prefix === undefined ? '' : displayPrefix(prefix)
    })
    lines.push(BEGIN, ...own.sort(), END)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** What others have put on the list; malformed lines of theirs are none of our business. */
export function foreignPrefixes(contents: ListFileContents): ReadonlySet<PrefixText> {
  const prefixes = new Set<PrefixText>()
  for (const line of contents.foreignLines) {
    const prefix = line.startsWith('#') ? undefined : findPrefix(line.trim())
    if (prefix !== undefined) prefixes.add(prefix.text)
  }
  return prefixes
}

/** An absent file reads as an empty one. @throws {LIST_UNREADABLE} */
export async function readListFile(path: string): Promise<ListFileContents> {
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX)
      throw new Error(`expected at most ${FILE_BYTES_MAX} bytes, got ${size}`)
    return parseListFile(await readFile(path, 'utf8'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { foreignLines: [], own: [] }
    throw new KeyserverError('LIST_UNREADABLE', `could not read ${path}: ${messageOf(cause)}`, {
      context: { path },
      cause
    })
  }
}

/** @throws {LIST_UNWRITABLE} */
export async function writeListFile(path: string, contents: ListFileContents): Promise<void> {
  const temporary = `${path}.netminder-${randomBytes(4).toString('hex')}`
  try {
    const before = await stat(path).catch(() => undefined)
    const file = await open(temporary, 'wx', before === undefined ? 0o644 : before.mode & 0o777)
    try {
      await file.writeFile(renderListFile(contents))
      await file.sync()
    } finally {
      await file.close()
    }
    if (before !== undefined) await keepOwner(temporary, before)
    await rename(temporary, path)
    const directory = await open(dirname(path), 'r')
    await directory.sync().finally(() => directory.close())
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new KeyserverError(
      'LIST_UNWRITABLE',
      `could not replace ${path}: ${messageOf(cause)}; netminder needs to write in its directory`,
      { context: { path }, cause }
    )
  }
}

/** Only root can give files away; for others the list changes hands, which whoever reads it does not notice. */
async function keepOwner(
  temporary: string,
  before: { readonly uid: number; readonly gid: number; readonly mode: number }
): Promise<void> {
  await chmod(temporary, before.mode & 0o777)
  await chown(temporary, before.uid, before.gid).catch(() => undefined)
}

export async function isWritableDirectory(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
