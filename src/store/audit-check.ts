/** Decides from the entries and the head what happened to an audit. Pure: rows come in order, faults come out. */
import { hexOf } from '../base/index.ts'
import type { AuditHead, AuditHeadReading } from './audit-head.ts'
import { type AuditRow, GENESIS_HASH, hashAuditRow } from './audit-row.ts'

export const AUDIT_FAULTS_MAX = 100
/** Action of the entry that says, in the chain itself, that the chain had not ended where it should have. */
export const DISCONTINUITY_ACTION = 'audit.discontinuity'

export interface AuditFault {
  readonly sequence: number
  readonly kind: 'changed' | 'removed' | 'truncated'
  /** One sentence. */
  readonly detail: string
}

export interface AuditVerification {
  readonly rows: number
  /** At most 100. Empty if the chain is whole. */
  readonly faults: readonly AuditFault[]
}

/** Whether what follows the head can be the one transaction whose head was not written before the process died. */
export function isUnwrittenHead(
  head: AuditHead,
  headRow: AuditTail | undefined,
  tail: AuditTail
): boolean {
  return (
    headRow?.sequence === head.count &&
    hexOf(headRow.hash) === head.hash &&
    tail.batch === head.count + 1
  )
}

/** The end of the chain, or any entry that could be. */
export interface AuditTail {
  readonly sequence: number
  readonly batch: number
  readonly hash: Uint8Array
}

export const EMPTY_TAIL: AuditTail = { sequence: 0, batch: 0, hash: GENESIS_HASH }

export class AuditChecker {
  readonly #faults: AuditFault[] = []
  readonly #changed: AuditRow[] = []
  #previous: AuditTail = EMPTY_TAIL
  #rows = 0

  add(row: AuditRow): void {
    this.#rows++
    const expected = this.#previous.sequence + 1
    if (row.sequence > expected) {
      const last = row.sequence - 1
      this.#fault(
        expected,
        'removed',
        `${entries(expected, last)} missing before entry ${row.sequence}`
      )
    }
    if (!hashAuditRow(row).equals(row.hash)) {
      if (this.#changed.length < AUDIT_FAULTS_MAX) this.#changed.push(row)
      this.#fault(
        row.sequence,
        'changed',
        `entry ${row.sequence} does not have the content that its hash was made of`
      )
    } else if (row.sequence === expected && !isSame(row.previous_hash, this.#previous.hash)) {
      // Its own hash holds, so the entry before it was replaced as a whole, or this one was.
      this.#fault(
        row.sequence,
        'changed',
        `entry ${row.sequence} does not follow the entry ${this.#previous.sequence} that stands before it: one of the two was replaced`
      )
    } else if (row.action === DISCONTINUITY_ACTION) {
      this.#fault(row.sequence, 'truncated', `entry ${row.sequence} records: ${row.reason}`)
    }
    this.#previous = row
  }

  /** @param headRow the entry whose number the head names, if there is one */
  finish(reading: AuditHeadReading, headRow: AuditTail | undefined): AuditVerification {
    const fault = findHeadFault(reading, headRow, this.#previous)
    if (fault !== undefined) this.#fault(fault.sequence, fault.kind, fault.detail)
    return { rows: this.#rows, faults: this.#withReordering() }
  }

  #fault(sequence: number, kind: AuditFault['kind'], detail: string): void {
    if (this.#faults.length < AUDIT_FAULTS_MAX) this.#faults.push({ sequence, kind, detail })
  }

  /** An entry whose hash holds under the number of another changed one was moved, not edited. */
  #withReordering(): readonly AuditFault[] {
    return this.#faults.map((fault) => {
      const row = this.#changed.find((changed) => changed.sequence === fault.sequence)
      if (fault.kind !== 'changed' || row === undefined) return fault
      const origin = this.#changed.find(
        (other) =>
          other !== row && hashAuditRow({ ...row, sequence: other.sequence }).equals(row.hash)
      )
      if (origin === undefined) return fault
      return {
        ...fault,
        detail: `entry ${row.sequence} was reordered: it holds what was written as entry ${origin.sequence}`
      }
    })
  }
}

/** What is wrong between the head and the end of the chain; undefined if they agree. */
export function findHeadFault(
  reading: AuditHeadReading,
  headRow: AuditTail | undefined,
  tail: AuditTail
): AuditFault | undefined {
  if (reading.kind === 'unreadable') {
    return {
      sequence: tail.sequence,
      kind: 'changed',
      detail: `audit-head.json cannot be used: ${reading.detail}`
    }
  }
  if (reading.kind === 'absent') {
    // Nothing but the very first transaction can have been committed without a head.
    if (tail.sequence === 0 || tail.batch === 1) return undefined
    return {
      sequence: tail.sequence,
      kind: 'removed',
      detail: `audit-head.json is missing beside an audit of ${tail.sequence} entries`
    }
  }
  const { head } = reading
  if (head.count > tail.sequence) {
    return {
      sequence: tail.sequence + 1,
      kind: 'truncated',
      detail: `${entries(tail.sequence + 1, head.count)} missing at the end: audit-head.json counts ${head.count}`
    }
  }
  if (head.count === tail.sequence) {
    if (hexOf(tail.hash) === head.hash) return undefined
    return {
      sequence: tail.sequence,
      kind: 'changed',
      detail: `entry ${tail.sequence} is not the last entry that audit-head.json knows`
    }
  }
  if (isUnwrittenHead(head, head.count === 0 ? EMPTY_TAIL : headRow, tail)) return undefined
  return {
    sequence: head.count + 1,
    kind: 'changed',
    detail: `${entries(head.count + 1, tail.sequence)} not known to audit-head.json, which counts ${head.count}`
  }
}

function entries(first: number, last: number): string {
  return first === last ? `entry ${first} is` : `entries ${first} to ${last} are`
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b)
}
