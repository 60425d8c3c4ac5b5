/**
 * How much room others may take here. Keys cost nothing, so a leaked invitation lets in as many authors as its finder likes; and who
 * dates lists back takes a month's worth at once. Beyond these limits it is Ignore: what a node holds differs from node to node.
 */
import type { Network, SignedNetworkEvent } from '../../wire/index.ts'
import type { AuthorStore, EventStore } from '../ports.ts'
import type { AuthorBook } from './author-book.ts'

export interface SpaceLimits {
  readonly authorsPerInvitation: number
  readonly authorsPerNetwork: number
  /** Of lists, which are all that is large: other events of a month fit in a tenth of it. */
  readonly listBytesPerAuthor: number
  readonly listBytesPerNetwork: number
}

/** A list of a million entries takes 16 MB; an invitation is for the operators whom one founder knows. */
export const SPACE_LIMITS: SpaceLimits = {
  authorsPerInvitation: 256,
  authorsPerNetwork: 4_096,
  listBytesPerAuthor: 32 * 1_024 * 1_024,
  listBytesPerNetwork: 256 * 1_024 * 1_024
}

export interface SpacePorts {
  readonly events: Pick<EventStore, 'listBytes' | 'removeSilentAuthor'>
  readonly authors: Pick<AuthorStore, 'count'>
  readonly book: Pick<AuthorBook, 'forget'>
}

export class Space {
  readonly #ports: SpacePorts
  readonly #limits: SpaceLimits

  constructor(limits: SpaceLimits, ports: SpacePorts) {
    this.#limits = limits
    this.#ports = ports
  }

  /** For one author more. Who has nothing left that is kept makes room, the longest known first: others know as little of him. */
  hasRoomForAuthor(network: Uint8Array, invitation: Uint8Array | undefined): boolean {
    const { authorsPerInvitation, authorsPerNetwork } = this.#limits
    return (
      (invitation === undefined || this.#thinOut(network, authorsPerInvitation, invitation)) &&
      this.#thinOut(network, authorsPerNetwork)
    )
  }

  hasRoomFor({ author, kind, bytes }: SignedNetworkEvent, network: Network): boolean {
    if (kind !== 'list-delta') return true
    const { events } = this.#ports
    const { listBytesPerAuthor, listBytesPerNetwork } = this.#limits
    return (
      events.listBytes(network.id, author) + bytes.length <= listBytesPerAuthor &&
      events.listBytes(network.id) + bytes.length <= listBytesPerNetwork
    )
  }

  #thinOut(network: Uint8Array, limit: number, invitation?: Uint8Array): boolean {
    const { authors, events, book } = this.#ports
    if (authors.count(network, invitation) < limit) return true
    const gone = events.removeSilentAuthor(network, invitation)
    if (gone !== undefined) book.forget(network, gone)
    return gone !== undefined
  }
}
