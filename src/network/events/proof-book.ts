/**
 * Which proofs of equivocation stand. They are nobody's words but facts, so they cost their teller nothing; what bounds them is the
 * accused: one proof for a number, a few for an author, the same ones everywhere. Read from the store when first asked for.
 */
import { hexOf } from '../../base/index.ts'
import { type EventBody, networkIdText } from '../../wire/index.ts'
import { decodeKept } from '../kept-event.ts'
import type { EventPlace, EventStore } from '../ports.ts'

/** Of an author: more would prove nothing more, his word counts for nothing by then. */
export const PROOFS_MAX = 4
const PAGE = 1_000
/** Of one that has ended: so its teller cannot say it again and again. As long as the store keeps it. */
const REMEMBERED_MS = 24 * 3_600_000

type EquivocationProofBody = Extract<EventBody, { readonly kind: 'equivocation-proof' }>

export interface StandingProof extends EventPlace {
  /** The number under which two things were said. */
  readonly seq: bigint
  readonly expMs: number
}

type ByAccused = Map<string, StandingProof[]>

export class ProofBook {
  readonly #events: Pick<EventStore, 'live'>
  readonly #networks = new Map<string, ByAccused>()

  constructor(events: Pick<EventStore, 'live'>) {
    this.#events = events
  }

  /** Also those that have ended, not long ago. */
  against(network: Uint8Array, accused: Uint8Array, nowMs: number): readonly StandingProof[] {
    const all = this.#in(network)
    const proofs = all.get(hexOf(accused))
    if (proofs === undefined) return []
    const known = proofs.filter(({ expMs }) => expMs > nowMs - REMEMBERED_MS)
    if (known.length === 0) all.delete(hexOf(accused))
    else if (known.length < proofs.length) all.set(hexOf(accused), known)
    return known
  }

  add(
    proof: Omit<StandingProof, 'seq'> & { readonly network: Uint8Array },
    body: EquivocationProofBody
  ): void {
    note(this.#in(proof.network), { ...proof, seq: body.first.seq }, body)
  }

  remove(network: Uint8Array, accused: Uint8Array, ids: readonly Uint8Array[]): void {
    const proofs = this.#in(network)
    const left = (proofs.get(hexOf(accused)) ?? []).filter(
      ({ id }) => !ids.some((other) => Buffer.compare(other, id) === 0)
    )
    if (left.length > 0) proofs.set(hexOf(accused), left)
    else proofs.delete(hexOf(accused))
  }

  /** Reads everything anew: after a revocation, and after what was written had to be undone. */
  clear(): void {
    this.#networks.clear()
  }

  #in(network: Uint8Array): ByAccused {
    const name = networkIdText(network)
    const known = this.#networks.get(name)
    if (known !== undefined) return known
    const proofs: ByAccused = new Map()
    const query = {
      network,
      kind: 'equivocation-proof',
      nowMs: 0,
      includesTakenBack: true
    } as const
    let afterNumber = 0
    for (;;) {
      const page = this.#events.live({ ...query, afterNumber, limit: PAGE })
      for (const { id, kind, tsMs, expMs, envelope } of page) {
        const body = decodeKept(envelope)?.body
        if (body?.kind !== 'equivocation-proof') continue
        note(proofs, { id, kind, tsMs, expMs, seq: body.first.seq }, body)
      }
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) break
      afterNumber = last.number
    }
    this.#networks.set(name, proofs)
    return proofs
  }
}

function note(proofs: ByAccused, proof: StandingProof, { first }: EquivocationProofBody): void {
  const accused = hexOf(first.author)
  const known = proofs.get(accused)
  if (known === undefined) proofs.set(accused, [proof])
  else known.push(proof)
}

/**
 * Of those for one number the one with the lowest id stands, of numbers the lowest: whoever has heard more comes to what he would have
 * come to in any other order.
 *
 * @returns what has to go for the new one; undefined: it does not stand itself
 */
export function findDisplacedProofs(
  proof: { readonly id: Uint8Array; readonly seq: bigint },
  standing: readonly StandingProof[]
): readonly StandingProof[] | undefined {
  const rival = standing.find(({ seq }) => seq === proof.seq)
  if (rival !== undefined) return Buffer.compare(proof.id, rival.id) < 0 ? [rival] : undefined
  if (standing.length < PROOFS_MAX) return []
  const last = standing.reduce((a, b) => (a.seq > b.seq ? a : b))
  return proof.seq < last.seq ? [last] : undefined
}
