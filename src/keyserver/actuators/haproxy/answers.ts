/** Reads HAProxy's answers. Pure; a line that is not understood is passed over. */
import { findPrefix, type PrefixText } from '../../../base/index.ts'
import type { ListedEntry } from './list-changes.ts'

export interface AclList {
  /** As HAProxy's configuration names it; empty for the many lists that stand in the configuration itself. */
  readonly file: string
  /** Of the last version that was prepared. */
  readonly nextVersion: number
}

/**
 * `show acl`: `0 (/path/blacklist.list) pattern loaded from file '/path/blacklist.list' used by acl at file … line 9.
 * curr_ver=0 next_ver=0 entry_cnt=4` a line.
 */
export function parseAclLists(answer: string): AclList[] {
  const lists: AclList[] = []
  for (const line of answer.split('\n')) {
    const match = /^-?\d+ \((.*?)\)(?: |$)/.exec(line)
    if (match?.[1] === undefined) continue
    const version = /\bnext_ver=(\d+)/.exec(line)?.[1]
    lists.push({ file: match[1], nextVersion: Number(version ?? 0) })
  }
  return lists
}

/** `show acl <list>`: `0x7fe93c05ecd0 127.88.0.2` a line; what else there is are complaints. */
export function parseAclEntries(answer: string): {
  readonly entries: readonly ListedEntry[]
  readonly others: readonly string[]
} {
  const entries: ListedEntry[] = []
  const others: string[] = []
  for (const line of answer.split('\n')) {
    const space = line.indexOf(' ')
    if (line.startsWith('0x') && space > 0) {
      entries.push({ reference: line.slice(0, space), text: line.slice(space + 1).trim() })
    } else if (line !== '') others.push(line)
  }
  return { entries, others }
}

export interface TableEntry {
  readonly prefix: PrefixText
  readonly gpc0: number
  readonly expiresInMs: number
}

/** `show table`: `0x7fe9…: key=::ffff:127.88.0.1 use=0 exp=86399976 gpc0=6`. */
export function parseTable(answer: string): TableEntry[] {
  const entries: TableEntry[] = []
  for (const line of answer.split('\n')) {
    const match = /^0x[0-9a-f]+: key=(\S+) .*?exp=(\d+)(?:.*?gpc0=(\d+))?/.exec(line)
    const prefix = match?.[1] === undefined ? undefined : findPrefix(match[1])
    if (prefix === undefined || match === null) continue
    entries.push({
      prefix: prefix.text,
      gpc0: Number(match[3] ?? 0),
      expiresInMs: Number(match[2])
    })
  }
  return entries
}

/** `prepare acl`: `New version created: 1`. */
export function parsePreparedVersion(answer: string): string | undefined {
  return /New version created: (\d+)/.exec(answer)?.[1]
}

/** `show info`: `Name: value` a line. */
export function parseInfo(answer: string): ReadonlyMap<string, string> {
  const info = new Map<string, string>()
  for (const line of answer.split('\n')) {
    const colon = line.indexOf(': ')
    if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 2).trim())
  }
  return info
}

/**
 * The key of a stick table of type ipv6. HAProxy 2.6 reads it with inet_pton(AF_INET6), so that an IPv4 address must be written
 * as a mapped one; later versions take both.
 */
export function tableKey(prefix: PrefixText): string {
  const address = prefix.slice(0, prefix.indexOf('/'))
  return address.includes(':') ? address : `::ffff:${address}`
}

/** A word of a command: what has a meaning of its own is escaped. */
export function quote(word: string): string {
  return word.replaceAll(/[\\ ;#<]/g, '\\$&')
}

/** What HAProxy, or whatever answers in its place, said: safe for a message. */
export function shown(answer: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const line = answer.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return line === '' ? 'nothing' : line.slice(0, 200)
}
