/**
 * A list of prefixes in a file that others may edit too: our entries stand between two marks, every other line is kept as it
 * is. Written whole and at once (temporary file, fsync, rename), since a proxy may read it at any moment.
 */
import { constants } from 'node:fs'
import {
  access,
  type FileHandle,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { displayPrefix, findPrefix, messageOf, type PrefixText } from '../../base/index.ts'
import { KeyserverError } from '../errors.ts'
import type { ActuatorProblem } from './actuator.ts'

const BEGIN = '# netminder begin: lines up to the end mark are written by netminder'
const END = '# netminder end'
const FILE_BYTES_MAX = 64 * 1024 * 1024

export interface ListFileContents {
  /** Lines of others, in order, without our block. */
  readonly foreignLines: readonly string[]
  readonly own: readonly PrefixText[]
}

/**
 * Reads a list; a block without its end mark goes to the end of the file. An editor may have changed all line ends to CRLF: our
 * marks are known all the same, and lines of others keep what they have. Pure.
 */
export function parseListFile(text: string): ListFileContents {
  const foreignLines: string[] = []
  const own: PrefixText[] = []
  let isOurs = false
  const lines = text.split('\n')
  // What follows the last line end is no line.
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) {
    const bare = line.trimEnd()
    if (bare === BEGIN) isOurs = true
    else if (bare === END) isOurs = false
    else if (!isOurs) foreignLines.push(line)
    else {
      const prefix = findPrefix(bare)
      if (prefix !== undefined) own.push(prefix.text)
    }
  }
  return { foreignLines, own }
}

/** Comments have their `#` in the first column and lines of their own: HAProxy 2.6 knows no others. Pure. */
export function renderListFile(contents: ListFileContents): string {
  const lines = [...contents.foreignLines]
  if (contents.own.length > 0) {
    lines.push(BEGIN, ...contents.own.map(spelled).sort(), END)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** The spelling on lists and in commands: a single address without its length. */
export function spelled(text: PrefixText): string {
  const prefix = findPrefix(text)
  return prefix === undefined ? text : displayPrefix(prefix)
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

/** An absent file reads as an empty one. Bytes that are no UTF-8 stay what they are. @throws {LIST_UNREADABLE} */
export async function readListFile(path: string): Promise<ListFileContents> {
  try {
    const status = await stat(path)
    if (!status.isFile()) throw new Error('expected a file')
    if (status.size > FILE_BYTES_MAX)
      throw new Error(`expected at most ${FILE_BYTES_MAX} bytes, got ${status.size}`)
    return parseListFile(await readFile(path, 'latin1'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { foreignLines: [], own: [] }
    throw new KeyserverError('LIST_UNREADABLE', `could not read ${path}: ${messageOf(cause)}`, {
      context: { path },
      cause
    })
  }
}

/** Replaces the list as a whole; it is either the old one or the new one, never part of it. @throws {LIST_UNWRITABLE} */
export async function writeListFile(path: string, contents: ListFileContents): Promise<void> {
  let temporary: string | undefined
  try {
    // A link stays a link: what it points at is replaced.
    const target = await realpath(path).catch(() => path)
    const before = await stat(target).catch(() => undefined)
    // One name, so that a kill at this moment leaves at most one file behind; `wx` after the removal follows no link.
    const name = `${target}.netminder-new`
    await rm(name, { force: true })
    const file = await open(name, 'wx', 0o644)
    temporary = name
    try {
      await file.writeFile(renderListFile(contents), 'latin1')
      await keepAccess(file, before)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(name, target)
    temporary = undefined
    await syncDirectory(dirname(target))
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined)
    throw new KeyserverError(
      'LIST_UNWRITABLE',
      `could not replace ${path}: ${messageOf(cause)}; netminder needs to write in its directory`,
      { context: { path }, cause }
    )
  }
}

/**
 * Only root can give a file away, others can at most keep its group. Whoever could read the list as its owner or group must still
 * be able to, since HAProxy does not reload with a list that it cannot read; so in doubt everyone may read it.
 */
async function keepAccess(
  file: FileHandle,
  before: { readonly uid: number; readonly gid: number; readonly mode: number } | undefined
): Promise<void> {
  if (before === undefined) {
    await file.chmod(0o644)
    return
  }
  const mode = before.mode & 0o777
  const isOwnerKept = await isDone(file.chown(before.uid, before.gid))
  const isGroupKept = isOwnerKept || (await isDone(file.chown(-1, before.gid)))
  const isReadable = isOwnerKept || (isGroupKept && before.uid === 0)
  await file.chmod(isReadable ? mode : mode | 0o044)
}

async function isDone(work: Promise<void>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false
  )
}

/** Makes the new name last over a power cut. Not every file system can, and the list is in place already. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r')
    await directory.sync().finally(() => directory.close())
  } catch {
    return
  }
}

/** What is wrong with a list or its directory, and the cure. */
export async function checkListFile(
  name: string,
  path: string
): Promise<readonly ActuatorProblem[]> {
  const problems: ActuatorProblem[] = []
  const target = await realpath(path).catch(() => path)
  try {
    await access(dirname(target), constants.W_OK | constants.X_OK)
  } catch {
    problems.push({
      code: 'LIST_UNWRITABLE',
      message: `${name}: the directory of ${path} cannot be written`,
      cure: 'make the directory and give the user of netminder write access to it (install.sh --haproxy-lists DIR)'
    })
  }
  try {
    await readListFile(path)
  } catch (error) {
    problems.push({
      code: 'LIST_UNREADABLE',
      message: `${name}: ${messageOf(error)}`,
      cure: 'make it a file that the user of netminder may read'
    })
  }
  return problems
}
