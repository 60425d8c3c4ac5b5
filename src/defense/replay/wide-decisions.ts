/**
 * Decisions that name a neighbourhood (/24, /64) rather than an address. Who comes while one stands is told apart at once; who was
 * seen before it is told at the end, so that no decision costs a look at every source.
 */
import { type AddressText, neighbourhoodOf, type PrefixText } from '../../base/index.ts'
import type { Decision } from '../decision.ts'
import { rankOf } from '../standing-table.ts'
import { noteDecision, type SourceRecord } from './source-record.ts'

/** A prefix is judged by what its addresses did within an hour: who was not seen for longer had no part in it. */
const PART_MS = 3_600_000

interface WideDecision {
  readonly firstAtMs: number
  worst: Decision
}

export class WideDecisions {
  readonly #byPrefix = new Map<PrefixText, WideDecision>()

  add(prefix: PrefixText, decision: Decision, atMs: number): void {
    if (decision.type === 'watch') return
    const known = this.#byPrefix.get(prefix)
    if (known === undefined) this.#byPrefix.set(prefix, { firstAtMs: atMs, worst: decision })
    else if (rankOf(decision.type) > rankOf(known.worst.type)) known.worst = decision
  }

  /** At the end: lets the source have its part in a decision that came after it. */
  settle(source: AddressText, record: SourceRecord): void {
    if (this.#byPrefix.size === 0) return
    const wide = this.#byPrefix.get(neighbourhoodOf(source))
    if (wide === undefined || record.firstSeenMs > wide.firstAtMs) return
    if (record.lastSeenMs < wide.firstAtMs - PART_MS) return
    const isLaterDecided =
      record.firstDecisionAtMs !== undefined && record.firstDecisionAtMs > wide.firstAtMs
    if (isLaterDecided) record.firstDecisionAtMs = undefined
    noteDecision(record, wide.worst, {
      atMs: wide.firstAtMs,
      requestsBefore: record.requestsBeforeDecision ?? record.requests
    })
  }
}
