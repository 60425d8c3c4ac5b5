/** Reads HAProxy's answers. Pure; a line that is not understood is passed over. */
import { findPrefix, type PrefixText } from '../../../base/index.ts'

export interface AclList {
  readonly id: string
  readonly file: string
}

/** `show acl`: `0 (/path/blacklist.list) pattern loaded from file '/path/blacklist.list' used by acl at file …`. */
export function parseAclLists(answer: string): AclList[] {
  const lists: AclList[] = []
  for (const line of answer.split('\n')) {
    const match = /^(-?\d+) \(([^)]+)\)/.exec(line)
    if (match?.[1] !== undefined && match[2] !== undefined) {
      lists.push({ id: match[1], file: match[2] })
    }
  }
  return lists
}

/** `show acl #<id>`: `0x7fe93c05ecd0 127.88.0.2` a line. */
export function parseAclEntries(answer: string): Map<PrefixText, string> {
  const entries = new Map<PrefixText, string>()
  for (const line of answer.split('\n')) {
    const space = line.indexOf(' ')
    if (!line.startsWith('0x') || space < 0) continue
    const text = line.slice(space + 1).trim()
    const prefix = findPrefix(text)
    if (prefix !== undefined) entries.set(prefix.text, text)
  }
  return entries
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
