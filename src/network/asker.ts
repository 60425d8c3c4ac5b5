/** Whom a stream serves, and by what its cost is counted. */
import type { Connection } from '@libp2p/interface'
import type { Host } from './host/host.ts'

export interface Asker {
  readonly peer: string
  /** By what its cost is counted: a stranger's site, if it has one, since keys cost nothing. */
  readonly account: string
  /** It may speak in the network. */
  readonly isAuthor: boolean
}

export function askerOf(
  { remotePeer, remoteAddr }: Connection,
  ports: { readonly host: Pick<Host, 'findSite'>; isAuthor(key: Uint8Array): boolean }
): Asker {
  const peer = remotePeer.toString()
  const isAuthor = ports.isAuthor(remotePeer.publicKey?.raw ?? new Uint8Array(0))
  return { peer, account: isAuthor ? peer : (ports.host.findSite(remoteAddr) ?? peer), isAuthor }
}
