/** Whether anything answers at a multiaddr, as far as this machine can tell: a connection is opened and closed, nothing is said. */
import { connect } from 'node:net'
import { findPrefix, messageOf } from '../../base/index.ts'

export interface Knock {
  readonly address: string
  /** Why nobody answered; undefined: somebody did. */
  readonly failure: string | undefined
}

interface Place {
  readonly host: string
  readonly port: number
}

const KNOCK_TIMEOUT_MS = 3_000
/** What an invitation may hold, twice. */
const KNOCKS_MAX = 32

/** Undefined: not over TCP, or through a relay. */
export function placeOf(multiaddr: string): Place | undefined {
  if (multiaddr.includes('/p2p-circuit')) return undefined
  const found = /^\/(?:ip[46]|dns[46]?)\/([^/]+)\/tcp\/(\d{1,5})(?:\/|$)/.exec(multiaddr)
  const [, host = '', port = ''] = found ?? []
  return found === null ? undefined : { host, port: Number(port) }
}

export type Scope =
  /** Reached from everywhere, if nothing stands in between. */
  | 'public'
  /** From this machine or this site alone. */
  | 'private'
  /** An address to listen on, and none to dial. */
  | 'wildcard'

/** A name may mean any address; it is taken for a public one unless it is this machine's own. */
export function scopeOf(multiaddr: string): Scope {
  const place = placeOf(multiaddr)
  if (place === undefined) return 'public'
  const range = findPrefix(place.host)?.bits.range()
  if (range === undefined) return /(?:^|\.)localhost$/i.test(place.host) ? 'private' : 'public'
  if (range === 'unspecified') return 'wildcard'
  return range === 'unicast' ? 'public' : 'private'
}

/** At those of the addresses that can be knocked at, side by side. */
export async function knockAt(
  addresses: readonly string[],
  signal: AbortSignal
): Promise<readonly Knock[]> {
  const places = addresses.flatMap((address) => {
    const place = placeOf(address)
    return place === undefined || place.port === 0 ? [] : [{ address, place }]
  })
  return await Promise.all(
    places.slice(0, KNOCKS_MAX).map(async ({ address, place }) => ({
      address,
      failure: await knock(place, signal)
    }))
  )
}

function knock({ host, port }: Place, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(KNOCK_TIMEOUT_MS)])
    const socket = connect({ host, port, signal: limit })
    socket.once('connect', () => {
      resolve(undefined)
      socket.destroy()
    })
    socket.once('error', (error) => {
      resolve(limit.aborted ? `no answer within ${KNOCK_TIMEOUT_MS / 1_000} s` : codeOf(error))
    })
  })
}

/** `ECONNREFUSED` says it all; of several addresses of a name the first stands for all. */
function codeOf(error: Error & { readonly code?: string }): string {
  return error.code ?? messageOf(error)
}
