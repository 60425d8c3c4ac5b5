/**
 * Decides on an event whose signature is good, and writes what follows (design defense.md e.2, steps 2 to 4). Synchronous, inside the
 * caller's transaction: what one event changes, the next one of the batch is judged by. The order in which events come must not
 * matter for what stands in the end, or two nodes would never agree; so what is void is taken away again, whichever came first.
 */
import type { Prefix } from '../../base/index.ts'
import {
  type EventKind,
  findUselessness,
  type Network,
  type RevokeBody,
  type SignedNetworkEvent
} from '../../wire/index.ts'
import type { AuthorStore, EventPlace, EventStore } from '../ports.ts'
import { Attendance, INVITATION_GRACE_MS } from './attendance.ts'
import type { AuthorBook, AuthorState } from './author-book.ts'
import { chargeOf } from './charge.ts'
import type { EventOrigin } from './first-look.ts'
import { findDisplacedProofs } from './proof-book.ts'
import { findDisplacedNumbers } from './quota-order.ts'
import type { Authenticated } from './signature-check.ts'
import { SPACE_LIMITS, Space, type SpaceLimits } from './space.ts'
import { ACCEPT, type IgnoreReason, ignore, type Verdict } from './verdict.ts'

/** Design defense.md e.2: what is older comes by reconciliation only. */
export const LIVE_WINDOW_MS = 10 * 60_000
/** Everybody, until there is trust. */
const FIRST_LEVEL = 1

export interface JudgePorts {
  readonly events: EventStore
  readonly authors: AuthorStore
  readonly book: AuthorBook
}

interface JudgeContext {
  readonly origin: EventOrigin
  readonly network: Network
  readonly nowMs: number
}

export interface Judgement {
  readonly verdict: Verdict
  /** What stood before and does not any more. */
  readonly voided: readonly EventPlace[]
  /** The signed envelopes of two events with one number, found here. */
  readonly equivocation?: { readonly first: Uint8Array; readonly second: Uint8Array }
}

const ACCEPTED: Judgement = { verdict: ACCEPT, voided: [] }

export class EventJudge {
  readonly #ports: JudgePorts
  readonly #treatAsPublic: readonly Prefix[]
  readonly #attendance: Attendance
  readonly #space: Space

  constructor(
    options: {
      readonly treatAsPublic?: readonly Prefix[]
      readonly ownKey?: Uint8Array
      readonly space?: SpaceLimits
    },
    ports: JudgePorts
  ) {
    this.#attendance = new Attendance(options, ports)
    this.#space = new Space(options.space ?? SPACE_LIMITS, ports)
    this.#treatAsPublic = options.treatAsPublic ?? []
    this.#ports = ports
  }

  /** Everything that is remembered of a network that was left. */
  forget(network: Uint8Array): void {
    this.#attendance.forget(network)
  }

  judge(authenticated: Authenticated, context: JudgeContext): Judgement {
    const { event } = authenticated
    const { origin, network, nowMs } = context
    if (origin.via === 'gossip' && event.tsMs < nowMs - LIVE_WINDOW_MS) return refused('TOO_OLD')
    if (event.expMs <= nowMs) return refused('EXPIRED')
    const author = this.#admit(authenticated, context)
    if (typeof author === 'string') return refused(author)
    // Whatever is kept has spent its number, so that a new one is told without asking the disk. Before the quota: who has used his
    // up must not lie unseen.
    if (author.spent.has(event.seq) && !this.#wasLetGoTooEarly(event, author)) {
      return this.#judgeSpent(event, author, nowMs)
    }
    const fault = this.#findFault(event, network)
    if (fault !== undefined) return refused(fault)
    if (!this.#space.hasRoomFor(event, network)) return refused('LISTS_FULL')
    const displaced = this.#makeRoom(event, author, context)
    return typeof displaced === 'string'
      ? refused(displaced)
      : this.#keep(event, displaced, context)
  }

  #admit(
    { event, isAdmitted }: Authenticated,
    { origin, network, nowMs }: JudgeContext
  ): AuthorState | IgnoreReason {
    const { book, authors } = this.#ports
    const known = book.find(network.id, event.author)
    const { body } = event
    const isAnnounce = body.kind === 'node-announce'
    if (isAnnounce && !isAdmitted) {
      return book.isRevoked(network.id, 'author', event.author)
        ? 'AUTHOR_REVOKED'
        : 'ADMISSION_INVALID'
    }
    const isStanding = known !== undefined && !known.isRevoked
    if (isStanding && !isAnnounce) return known
    const isFounder = includes(network.founders, event.author)
    // The revocation of a key by itself must reach everybody, also where another revocation was first.
    if (isRevocationOfItself(event) && (known !== undefined || isFounder)) {
      if (known !== undefined) return known
    } else if (book.isRevoked(network.id, 'author', event.author)) {
      return 'AUTHOR_REVOKED'
    }
    if (!isAnnounce && !isFounder) return known === undefined ? 'UNKNOWN_AUTHOR' : 'AUTHOR_REVOKED'
    const admission = isAnnounce ? body.admission : undefined
    const byInvitation = admission?.by === 'invitation' && !isFounder ? admission : undefined
    const invitation = byInvitation?.invitationKey
    // It may have been revoked while the signatures were checked.
    if (invitation !== undefined && book.isRevoked(network.id, 'invitation', invitation)) {
      return 'ADMISSION_INVALID'
    }
    if (known === undefined && byInvitation !== undefined && origin.via !== 'own') {
      const { notAfterMs } = byInvitation
      const isBelieved =
        nowMs <= notAfterMs + INVITATION_GRACE_MS ||
        (origin.via === 'sync' && this.#attendance.wasAbsent(network.id, notAfterMs, nowMs))
      if (!isBelieved) return 'INVITATION_ENDED'
    }
    const isGuest = known === undefined && !isFounder && origin.via !== 'own'
    if (isGuest && !this.#space.hasRoomForAuthor(network.id, invitation)) return 'AUTHORS_FULL'
    const admittedAtMs = byInvitation?.admittedAtMs ?? event.tsMs
    authors.save({
      network: network.id,
      key: event.author,
      level: FIRST_LEVEL,
      invitation,
      // Each further announce shows an admission too, in whatever order it comes.
      admittedAtMs: Math.min(admittedAtMs, known?.record.admittedAtMs ?? admittedAtMs),
      firstSeenAtMs: known?.record.firstSeenAtMs ?? nowMs
    })
    book.forget(network.id, event.author)
    return book.find(network.id, event.author) ?? 'UNKNOWN_AUTHOR'
  }

  /** By a clock that was ahead. The event has not ended. */
  #wasLetGoTooEarly({ network, author, seq, expMs, id }: SignedNetworkEvent, state: AuthorState) {
    if (expMs > (state.spent.endedUntilMs ?? 0)) return false
    const { events } = this.#ports
    if (events.has(id) || events.byAuthorSeq(network, author, seq) !== undefined) return false
    return events.findEquivocation(network, author, seq) === undefined
  }

  #judgeSpent(event: SignedNetworkEvent, state: AuthorState, nowMs: number): Judgement {
    const { events } = this.#ports
    const { network, author, seq } = event
    if (events.has(event.id)) return refused('DUPLICATE')
    const other = events.byAuthorSeq(network, author, seq)
    if (other === undefined) {
      const isProven = events.findEquivocation(network, author, seq) !== undefined
      return refused(isProven ? 'EQUIVOCATION' : 'SEQUENCE_SPENT')
    }
    const equivocation = { first: other.envelope, second: event.bytes }
    events.keepEquivocation({
      ...{ network, author, seq },
      ...{ firstId: other.id, secondId: event.id, ...equivocation },
      detectedAtMs: nowMs
    })
    events.remove(other.id)
    // The first is charged already, and stays so.
    state.ledger.add(chargeOf(event))
    return { verdict: ignore('EQUIVOCATION'), voided: [other], equivocation }
  }

  #findFault(event: SignedNetworkEvent, network: Network): IgnoreReason | undefined {
    const { body } = event
    if (findUselessness(body, this.#treatAsPublic) !== undefined) return 'NOTHING_PUBLIC'
    if (body.kind === 'equivocation-proof') {
      const { author } = body.first
      // All that he said is void, and needs no proof.
      if (this.#ports.book.isRevoked(network.id, 'author', author)) return 'AUTHOR_REVOKED'
      // Keys cost nothing: whoever invents liars would fill the disk with what they said.
      if (!this.#isHeard(network, author)) return 'UNKNOWN_AUTHOR'
    }
    if (body.kind === 'revoke') {
      const isFounder = includes(network.founders, event.author)
      const isEntitled =
        isFounder || (body.subject === 'author' && Buffer.compare(body.key, event.author) === 0)
      if (!isEntitled) return 'REVOKE_NOT_ENTITLED'
    }
    return undefined
  }

  #isHeard(network: Network, key: Uint8Array): boolean {
    const known = this.#ports.book.find(network.id, key)
    return known === undefined ? includes(network.founders, key) : !known.isRevoked
  }

  /**
   * What has to go for this event, or why it has to. Others go only for what was fetched: pushed, ever lower numbers would go round
   * the whole network without end.
   */
  #makeRoom(
    event: SignedNetworkEvent,
    author: AuthorState,
    { origin, network, nowMs }: JudgeContext
  ): IgnoreReason | readonly EventPlace[] {
    const { book, events } = this.#ports
    const { body } = event
    const isPushed = origin.via === 'gossip'
    if (body.kind === 'equivocation-proof') {
      const { author: accused, seq } = body.first
      const known = book.proofs.against(network.id, accused, nowMs)
      const standing = isPushed ? known : known.filter(({ expMs }) => expMs > nowMs)
      const displaced = findDisplacedProofs({ id: event.id, seq }, standing)
      if (displaced === undefined || (isPushed && displaced.length > 0)) return 'PROVEN_ALREADY'
      const ids = displaced.map(({ id }) => id)
      book.proofs.remove(network.id, accused, ids)
      return displaced
    }
    const isFounder = includes(network.founders, event.author)
    // A founder who revokes a flood of keys must not run out of words.
    const isExempt = (kind: EventKind) => isFounder && kind === 'revoke'
    if (isExempt(event.kind)) return []
    if (author.ledger.hasRoom(chargeOf(event), author.record.level)) return []
    if (origin.via !== 'sync') return 'QUOTA_EXCEEDED'
    const numbers = findDisplacedNumbers(event, author, { events, isExempt })
    if (numbers === undefined) return 'QUOTA_EXCEEDED'
    return numbers.flatMap((seq) => events.byAuthorSeq(network.id, event.author, seq) ?? [])
  }

  #keep(
    event: SignedNetworkEvent,
    displaced: readonly EventPlace[],
    context: JudgeContext
  ): Judgement {
    const { book, events } = this.#ports
    const { id, network, kind, seq, tsMs, expMs, body, bytes } = event
    if (context.origin.via !== 'own') this.#attendance.note(network, context.nowMs)
    for (const place of displaced) events.remove(place.id)
    // Reads what is left of him.
    if (displaced.length > 0 && body.kind !== 'equivocation-proof')
      book.forget(network, event.author)
    const author = book.find(network, event.author)
    const charge = chargeOf(event)
    events.append({
      id,
      network,
      author: event.author,
      seq,
      kind,
      tsMs,
      expMs,
      receivedAtMs: context.nowMs,
      via: context.origin.via,
      accused: charge.accused,
      target: body.kind === 'retract' ? body.eventId : undefined,
      envelope: bytes
    })
    author?.spent.add(seq)
    author?.ledger.add(charge)
    const voided = [...displaced]
    if (body.kind === 'revoke') voided.push(...this.#revoke(event, body, context.nowMs))
    if (body.kind === 'equivocation-proof') {
      book.proofs.add(event, body)
      voided.push(...this.#takeProof(body, context.nowMs))
    }
    return voided.length === 0 ? ACCEPTED : { verdict: ACCEPT, voided }
  }

  /**
   * All that the key said is void, at whatever time it says that it was: who has stolen a key can choose the time. Its numbers
   * are free again, since an author can come back by another invitation.
   */
  #revoke(event: SignedNetworkEvent, body: RevokeBody, nowMs: number): EventPlace[] {
    const { authors, book, events } = this.#ports
    const { network, author } = event
    const { subject, key, reason } = body
    authors.revoke({ network, subject, key, revokedBy: author, reason, revokedAtMs: nowMs })
    const keys =
      subject === 'author' ? [key] : authors.admittedBy(network, key).map((other) => other.key)
    const proofs = keys.flatMap((other) => book.proofs.against(network, other, nowMs))
    for (const { id } of proofs) events.remove(id)
    book.clear()
    return [
      ...proofs.filter(({ expMs }) => expMs > nowMs),
      ...keys.flatMap((other) => events.removeAuthored(network, other, 'revoke'))
    ]
  }

  #takeProof(
    body: { readonly first: SignedNetworkEvent; readonly second: SignedNetworkEvent },
    nowMs: number
  ): EventPlace[] {
    const { events, book } = this.#ports
    const { first, second } = body
    const { network, author, seq } = first
    events.keepEquivocation({
      ...{ network, author, seq },
      ...{ firstId: first.id, secondId: second.id },
      ...{ first: first.bytes, second: second.bytes },
      detectedAtMs: nowMs
    })
    const standing = events.byAuthorSeq(network, author, seq)
    if (standing !== undefined) events.remove(standing.id)
    book.forget(network, author)
    return standing === undefined ? [] : [standing]
  }
}

function refused(reason: IgnoreReason): Judgement {
  return { verdict: ignore(reason), voided: [] }
}

function includes(keys: readonly Uint8Array[], key: Uint8Array): boolean {
  return keys.some((other) => Buffer.compare(other, key) === 0)
}

function isRevocationOfItself({ body, author }: SignedNetworkEvent): boolean {
  return (
    body.kind === 'revoke' && body.subject === 'author' && Buffer.compare(body.key, author) === 0
  )
}
