/**
 * Which open sessions at HAProxy come from newly refused prefixes. HAProxy shows a session for a TCP connection as long as it
 * lives, and for an HTTP connection while a request is under way: in Hockeypuck's standalone deployment the ports 443 and 11371 go
 * through a splitter in TCP mode, so there an idle connection is seen as well, on port 80 it is not. The source that it
 * shows is the TCP peer, also where the PROXY protocol tells of another. Pure.
 */
import { type AddressText, findAddress, findPrefix, type PrefixText } from '../../../base/index.ts'

export interface OpenSession {
  /** HAProxy's reference to it. */
  readonly id: string
  readonly source: AddressText
}

/** `show sess`: `0x55f5f722d810: proto=tcpv6 src=::ffff:192.0.2.1:53920 fe=… be=…` a line; sources without an address are passed over. */
export function parseSessions(answer: string): OpenSession[] {
  const sessions: OpenSession[] = []
  for (const line of answer.split('\n')) {
    const match = /^(0x[0-9a-f]+): .*?\bsrc=(\S+):\d+ /.exec(line)
    const source = match?.[2] === undefined ? undefined : findAddress(match[2])
    if (match?.[1] !== undefined && source !== undefined) sessions.push({ id: match[1], source })
  }
  return sessions
}

export function sessionsFrom(
  prefixes: readonly PrefixText[],
  sessions: readonly OpenSession[]
): readonly OpenSession[] {
  const texts = new Set(prefixes)
  // Few lengths are in use, so that each session is looked up a few times, however many prefixes there are.
  const lengths = new Set(prefixes.map((prefix) => prefix.slice(prefix.indexOf('/'))))
  return sessions.filter(({ source }) =>
    [...lengths].some((length) => texts.has(findPrefix(source + length)?.text ?? ''))
  )
}
