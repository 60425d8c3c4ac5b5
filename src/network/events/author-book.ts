/**
 * Who may speak in a network, what numbers he has used and how much he has said: kept in memory for the authors that are heard,
 * read from the store when they are heard again. The store is the truth; after anything went wrong the book is emptied.
 */
import { LruMap } from '../../base/index.ts'
import { decodeKept } from '../kept-event.ts'
import type { AuthorStore, EventStore, KnownAuthor } from '../ports.ts'
import { chargeOf } from './charge.ts'
import { ProofBook } from './proof-book.ts'
import { type Charge, QuotaLedger } from './quota.ts'
import { SequenceRanges } from './sequence-ranges.ts'

/** An author takes a few hundred bytes, one whose numbers are in shreds 100 kB. */
const AUTHORS_IN_MEMORY = 2_048

export interface AuthorState {
  readonly record: KnownAuthor
  /** He, or the invitation that let him in. */
  readonly isRevoked: boolean
  readonly spent: SequenceRanges
  readonly ledger: QuotaLedger
}

export class AuthorBook {
  readonly proofs: ProofBook
  readonly #authors: AuthorStore
  readonly #events: EventStore
  readonly #states = new LruMap<string, AuthorState>(AUTHORS_IN_MEMORY)

  constructor(ports: { readonly authors: AuthorStore; readonly events: EventStore }) {
    this.#authors = ports.authors
    this.#events = ports.events
    this.proofs = new ProofBook(ports.events)
  }

  /** Undefined: never admitted. */
  find(network: Uint8Array, key: Uint8Array): AuthorState | undefined {
    const name = nameOf(network, key)
    // Not marked as used: there are rarely so many that one has to go, and he is read again.
    const known = this.#states.peek(name)
    if (known !== undefined) return known
    const record = this.#authors.find(network, key)
    if (record === undefined) return undefined
    const state = this.#load(record)
    this.#states.set(name, state)
    return state
  }

  isRevoked(network: Uint8Array, subject: 'author' | 'invitation', key: Uint8Array): boolean {
    return this.#authors.findRevocation(network, subject, key) !== undefined
  }

  /** Reads this author anew when he is heard next. */
  forget(network: Uint8Array, key: Uint8Array): void {
    this.#states.delete(nameOf(network, key))
  }

  /** Reads everything anew: after a revocation, and after what was written had to be undone. */
  clear(): void {
    this.#states.clear()
    this.proofs.clear()
  }

  #load(record: KnownAuthor): AuthorState {
    const { network, key, invitation } = record
    const isRevoked =
      this.isRevoked(network, 'author', key) ||
      (invitation !== undefined && this.isRevoked(network, 'invitation', invitation))
    const spent = SequenceRanges.decode(record.spent)
    const ledger = new QuotaLedger()
    for (const charge of this.#events.spentNumbers(network, key)) {
      spent.add(charge.seq)
      ledger.add(charge)
    }
    for (const { seq, charge } of equivocatedCharges(this.#events, record)) {
      spent.add(seq)
      ledger.add(charge)
    }
    return { record, isRevoked, spent, ledger }
  }
}

/** What was said under a number twice is void and was said all the same: or an author could say anew whatever he contradicts. */
export function equivocatedCharges(
  events: Pick<EventStore, 'equivocations'>,
  { network, key }: Pick<KnownAuthor, 'network' | 'key'>
): readonly { readonly seq: bigint; readonly charge: Charge }[] {
  return events.equivocations(network, key).flatMap(({ seq, first, second }) =>
    [first, second].flatMap((envelope) => {
      const event = decodeKept(envelope)
      return event === undefined ? [] : [{ seq, charge: chargeOf(event) }]
    })
  )
}

function nameOf(network: Uint8Array, key: Uint8Array): string {
  return `${latin1(network)}${latin1(key)}`
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
