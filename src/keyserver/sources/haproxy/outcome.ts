/** What the termination state of HAProxy says about how a request ended (HAProxy configuration manual, §8.5). */
import type { RequestOutcome } from '../../events.ts'
import type { HaproxyLine } from './line.ts'

const code = (letter: string) => letter.charCodeAt(0)
const CLIENT_ABORTED = code('C')
const CLIENT_TIMED_OUT = code('c')
const KILLED = code('K')
const PROXY = code('P')
const SERVER = code('S')
const SERVER_TIMED_OUT = code('s')
const RESOURCE = code('R')
const INTERNAL = code('I')
const IN_REQUEST = code('R')
const IN_TARPIT = code('T')
const IN_DATA = code('D')

export function outcomeOf(line: HaproxyLine): RequestOutcome {
  if (line.endedIn === IN_TARPIT) return 'tarpitted'
  switch (line.endedBy) {
    case CLIENT_TIMED_OUT:
      return 'timed-out'
    case CLIENT_ABORTED:
    case KILLED:
      return 'aborted'
    case PROXY:
      // `PR` is both a rule that denied the request and bytes that were no request.
      if (line.endedIn !== IN_REQUEST) return 'unavailable'
      return line.isBadRequest ? 'malformed' : 'denied'
    case SERVER:
    case SERVER_TIMED_OUT:
      return line.endedIn === IN_DATA && line.status >= 200 && line.status < 500
        ? 'served'
        : 'unavailable'
    case RESOURCE:
    case INTERNAL:
      return 'unavailable'
    default:
      return line.isBadRequest ? 'malformed' : 'served'
  }
}

/**
 * Both lines of one request. Line B knows what happened behind the rewriting: a tarpit or a refusal there looks like an
 * ordinary 500 or 429, or like a server that hung up (`-1 … SD--`), in line A.
 */
export function joinedOutcome(front: HaproxyLine, back: HaproxyLine): RequestOutcome {
  const behind = outcomeOf(back)
  if (behind === 'tarpitted' || behind === 'denied') return behind
  const before = outcomeOf(front)
  return before === 'served'
    ? behind
    : before === 'unavailable' && behind === 'aborted'
      ? behind
      : before
}
