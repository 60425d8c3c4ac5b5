/**
 * Who said more than he may is not heard with all of it, and everybody has to come to the same part: of a day's events those with the
 * lowest numbers stand, one after the other, as far as the quota goes. When one of a low number comes late, by reconciliation, what
 * does not fit any more has to go. Each step makes what stands lower in this order, so that nodes which compare come to an end, and
 * to the same one.
 */
import type { EventKind, SignedNetworkEvent } from '../../wire/index.ts'
import type { EventStore } from '../ports.ts'
import { type AuthorState, equivocatedCharges } from './author-book.ts'
import { chargeOf } from './charge.ts'
import { type Charge, isSameDay, QuotaLedger } from './quota.ts'

interface Placed {
  readonly seq: bigint
  readonly charge: Charge
  /** It is charged, whether there is room or not: it is void, and its number is spent. */
  readonly isFixed: boolean
}

/** @returns numbers that have to go for this event; undefined: there is no room for it */
export function findDisplacedNumbers(
  event: SignedNetworkEvent,
  author: AuthorState,
  ports: {
    readonly events: Pick<EventStore, 'spentNumbers' | 'equivocations'>
    /** Events that stand whatever the quota says. */
    isExempt(kind: EventKind): boolean
  }
): readonly bigint[] | undefined {
  const { highest } = author.spent
  if (highest !== undefined && event.seq > highest) return undefined
  const { record } = author
  const kept = ports.events.spentNumbers(record.network, record.key)
  const placed: readonly Placed[] = [
    ...kept.map(({ seq, ...charge }) => ({ seq, charge, isFixed: ports.isExempt(charge.kind) })),
    ...equivocatedCharges(ports.events, record).map((one) => ({ ...one, isFixed: true })),
    { seq: event.seq, charge: chargeOf(event), isFixed: false }
  ]
  const ledger = new QuotaLedger()
  const displaced: bigint[] = []
  for (const { seq, charge, isFixed } of placed
    .filter(({ charge }) => isSameDay(charge.tsMs, event.tsMs))
    .sort((a, b) => (a.seq < b.seq ? -1 : 1))) {
    if (isFixed || ledger.hasRoom(charge, record.level)) ledger.add(charge)
    else if (seq === event.seq) return undefined
    else displaced.push(seq)
  }
  return displaced
}
