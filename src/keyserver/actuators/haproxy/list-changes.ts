/**
 * Which entries of HAProxy's running list and table to add and to take away. HAProxy keeps what is added twice as two entries, and
 * so does this: a ban of ours stands beside the same one of somebody else, and its end takes away ours alone. Pure.
 */
import { findPrefix, type PrefixText } from '../../../base/index.ts'
import { spelled } from '../list-file.ts'

export interface ListedEntry {
  /** HAProxy's reference to this very entry. */
  readonly reference: string
  /** As it was written into the file or the command. */
  readonly text: string
}

export interface RunningState {
  readonly listed: readonly ListedEntry[]
  readonly throttled: ReadonlySet<PrefixText>
}

export interface RunningGoal {
  readonly listed: ReadonlySet<PrefixText>
  readonly throttled: ReadonlySet<PrefixText>
  /** Entries that we had put in place. */
  readonly ownListed: ReadonlySet<PrefixText>
  readonly ownThrottled: ReadonlySet<PrefixText>
  /** Entries of the operator's own lines: never removed. */
  readonly foreign: ReadonlySet<PrefixText>
  /** True: nothing is added, as the sweep only ever ends what is over. */
  readonly isEndingOnly: boolean
}

export interface ListChanges {
  readonly added: readonly PrefixText[]
  readonly removed: readonly PrefixText[]
  /** What is asked for and somebody else had put in place: nothing of ours is added, and nothing will be taken away. */
  readonly foreign: ReadonlySet<PrefixText>
}

/** Entries by canonical prefix. What is no prefix (a host name, a netmask) is never ours and appears nowhere. */
export function byPrefix(listed: readonly ListedEntry[]): Map<PrefixText, ListedEntry[]> {
  const found = new Map<PrefixText, ListedEntry[]>()
  for (const entry of listed) {
    const prefix = findPrefix(entry.text)?.text
    if (prefix === undefined) continue
    const others = found.get(prefix)
    if (others === undefined) found.set(prefix, [entry])
    else others.push(entry)
  }
  return found
}

export function changesOfList(goal: RunningGoal, state: RunningState): ListChanges {
  const there = byPrefix(state.listed)
  const isOurs = (prefix: PrefixText) => goal.ownListed.has(prefix)
  const added = goal.isEndingOnly
    ? []
    : [...goal.listed].filter(
        (prefix) => !there.has(prefix) || !(isOurs(prefix) || goal.foreign.has(prefix))
      )
  const removed = [...goal.ownListed].filter(
    (prefix) =>
      !goal.listed.has(prefix) &&
      !goal.foreign.has(prefix) &&
      there.get(prefix)?.some(({ text }) => text === spelled(prefix)) === true
  )
  return { added, removed, foreign: new Set() }
}

export function changesOfTable(goal: RunningGoal, state: RunningState): ListChanges {
  const added = goal.isEndingOnly
    ? []
    : [...goal.throttled].filter((prefix) => !state.throttled.has(prefix))
  // Entries that HAProxy's own crawler rule made are not ours to clear.
  const removed = [...goal.ownThrottled].filter(
    (prefix) => !goal.throttled.has(prefix) && state.throttled.has(prefix)
  )
  const foreign = [...goal.throttled].filter(
    (prefix) => state.throttled.has(prefix) && !goal.ownThrottled.has(prefix)
  )
  return { added, removed, foreign: new Set(foreign) }
}

/** Commands for single changes. Of two entries alike one is taken away by its reference, which leaves the other. */
export function singleCommands(
  list: string,
  changes: ListChanges,
  state: RunningState
): readonly string[] {
  const there = byPrefix(state.listed)
  return [
    ...changes.added.map((prefix) => `add acl ${list} ${spelled(prefix)}`),
    ...changes.removed.map((prefix) => {
      const alike = (there.get(prefix) ?? []).filter(({ text }) => text === spelled(prefix))
      // Ours came to stand beside another, so it is the later one.
      const last = alike.at(-1)
      return alike.length > 1 && last !== undefined
        ? `del acl ${list} #${last.reference}`
        : `del acl ${list} ${spelled(prefix)}`
    })
  ]
}

/** The whole list after the changes, others' entries spelled as they are. */
export function listAfter(changes: ListChanges, state: RunningState): readonly string[] {
  const leaving = new Set(changes.removed.map(spelled))
  const texts: string[] = []
  for (const { text } of state.listed) if (!leaving.delete(text)) texts.push(text)
  return [...texts, ...changes.added.map(spelled)]
}

/** True if HAProxy takes every entry by command as it took it from the file; a host name, for one, it does not. */
export function isReplaceable(state: RunningState): boolean {
  return state.listed.every(({ text }) => findPrefix(text) !== undefined)
}

/**
 * What somebody else changed while a new version was being filled: the texts that came to the list and those that went from it.
 * A version in use can be changed until the commit, which forgets it.
 */
export function changesMeanwhile(
  before: readonly ListedEntry[],
  atCommit: readonly ListedEntry[]
): { readonly came: readonly string[]; readonly went: readonly string[] } {
  const counts = new Map<string, number>()
  for (const { text } of atCommit) counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const { text } of before) counts.set(text, (counts.get(text) ?? 0) - 1)
  const came: string[] = []
  const went: string[] = []
  for (const [text, count] of counts) {
    for (let i = 0; i < Math.abs(count); i++) (count > 0 ? came : went).push(text)
  }
  return { came, went }
}
