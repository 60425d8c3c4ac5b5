/** Makes our block of a list file equal to what is wanted, and tells what that changes. Lines of others count, and stay. */
import type { PrefixText } from '../../base/index.ts'
import {
  foreignPrefixes,
  type ListFileContents,
  readListFile,
  spelled,
  writeListFile
} from './list-file.ts'

export interface FileGoal {
  readonly wanted: ReadonlySet<PrefixText>
  /** True: nothing is added, as the sweep only ever ends what is over. */
  readonly isEndingOnly: boolean
}

export interface FileChanges {
  readonly added: readonly PrefixText[]
  readonly removed: readonly PrefixText[]
  /** Prefixes on lines of others: they need none of ours. */
  readonly foreign: ReadonlySet<PrefixText>
  /** What our block holds afterwards. */
  readonly own: readonly PrefixText[]
}

/** Pure. */
export function changesOfFile(contents: ListFileContents, goal: FileGoal): FileChanges {
  const foreign = foreignPrefixes(contents)
  const before = new Set(contents.own)
  const wanted = [...goal.wanted].filter((prefix) => !foreign.has(prefix))
  const own = goal.isEndingOnly ? wanted.filter((prefix) => before.has(prefix)) : wanted
  const after = new Set(own)
  return {
    added: own.filter((prefix) => !before.has(prefix)),
    removed: [...before].filter((prefix) => !after.has(prefix)),
    foreign,
    own
  }
}

/** Writes only if something changes. @throws {LIST_UNREADABLE | LIST_UNWRITABLE} */
export async function applyToFile(path: string, goal: FileGoal): Promise<FileChanges> {
  const contents = await readListFile(path)
  const changes = changesOfFile(contents, goal)
  if (changes.added.length + changes.removed.length > 0) {
    await writeListFile(path, { foreignLines: contents.foreignLines, own: changes.own })
  }
  return changes
}

/** The changes as a dry run shows them. */
export function fileLines(path: string, changes: FileChanges): readonly string[] {
  return [
    ...changes.added.map((prefix) => `${path}: + ${spelled(prefix)}`),
    ...changes.removed.map((prefix) => `${path}: - ${spelled(prefix)}`)
  ]
}
