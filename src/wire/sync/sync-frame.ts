/**
 * Frames of reconciliation: each says what its sender holds in consecutive ranges of (time, id), by fingerprint or by ids. Bytes
 * and bounds only; what to answer is the network's business.
 */
import { expectThat } from '../errors.ts'
import { type EventKind, findKind, kindNumber } from '../event/kinds.ts'
import { checkCount, checkLength, checkRange, own, parse, readTime } from '../fields.ts'
import { SyncFrame as FrameMessage, type SyncRange as RangeMessage } from '../generated/sync.ts'
import {
  EVENT_ID_BYTES,
  SYNC_FINGERPRINT_BYTES,
  SYNC_FRAME_BYTES_MAX,
  SYNC_IDS_MAX,
  SYNC_RANGES_MAX,
  SYNC_ROUNDS_MAX
} from '../limits.ts'

/** Where a range ends, itself not included; undefined: after everything. */
export interface SyncBound {
  readonly tsMs: number
  /** The shortest prefix of an id that parts its range from the next: 0 to 32 bytes. */
  readonly idPrefix: Uint8Array
}

export type SyncContent =
  | { readonly mode: 'skip' }
  | { readonly mode: 'fingerprint'; readonly fingerprint: Uint8Array }
  | { readonly mode: 'ids'; readonly ids: readonly Uint8Array[] }

export type SyncRange = SyncContent & { readonly until: SyncBound | undefined }

export const REFUSALS = ['busy', 'limit'] as const
/** `busy`: too many sessions, come again. `limit`: the session has used up its rounds or bytes. */
export type Refusal = (typeof REFUSALS)[number]

export interface SyncFrame {
  readonly kind: EventKind
  /** 1 to 24, counted by both sides together. */
  readonly round: number
  readonly refusal: Refusal | undefined
  /** Ascending; an empty list ends the session. */
  readonly ranges: readonly SyncRange[]
  /** By the clock of whoever answers, in his first frame; absent: not told. Nothing depends on it but what an operator is shown. */
  readonly sentAtMs?: number
}

/** @throws {DecodeError} if others would refuse the frame */
export function encodeSyncFrame(frame: SyncFrame): Uint8Array {
  const bytes = FrameMessage.encode({
    kind: kindNumber(frame.kind),
    round: frame.round,
    refusal: refusalNumber(frame.refusal),
    ranges: frame.ranges.map(writeRange),
    sentAtMs: BigInt(frame.sentAtMs ?? 0)
  })
  decodeSyncFrame(bytes)
  return bytes
}

function writeRange(range: SyncRange): RangeMessage {
  const { until } = range
  return {
    endless: until === undefined,
    untilMs: BigInt(until?.tsMs ?? 0),
    untilId: own(until?.idPrefix ?? new Uint8Array(0)),
    mode: MODES.indexOf(range.mode),
    fingerprint: own(range.mode === 'fingerprint' ? range.fingerprint : new Uint8Array(0)),
    ids: range.mode === 'ids' ? joinIds(range.ids) : new Uint8Array(0)
  }
}

const MODES = ['skip', 'fingerprint', 'ids'] as const

/** @throws {DecodeError} */
export function decodeSyncFrame(bytes: Uint8Array): SyncFrame {
  expectThat(
    bytes.length <= SYNC_FRAME_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${SYNC_FRAME_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const message = parse(() => FrameMessage.decode(bytes, { limits: { ranges: SYNC_RANGES_MAX } }))
  const kind = findKind(message.kind)
  expectThat(kind !== undefined, 'KIND_UNKNOWN', `expected a known kind, got ${message.kind}`)
  const refusal = readRefusal(message.refusal)
  checkCount(message.ranges, [0, refusal === undefined ? SYNC_RANGES_MAX : 0], 'ranges')
  const ranges = message.ranges.map(readRange)
  const isAscending = ranges.every(
    ({ until }, i) => i === 0 || isAfter(until, ranges[i - 1]?.until)
  )
  expectThat(isAscending, 'RANGE_INVALID', 'expected ascending bounds, and none after the end')
  return {
    kind,
    round: checkRange(message.round, [1, SYNC_ROUNDS_MAX], 'round'),
    refusal,
    ranges,
    ...(message.sentAtMs !== 0n && { sentAtMs: readTime(message.sentAtMs, 'sent_at_ms') })
  }
}

function isAfter(later: SyncBound | undefined, earlier: SyncBound | undefined): boolean {
  if (earlier === undefined) return false
  if (later === undefined || later.tsMs > earlier.tsMs) return true
  return later.tsMs === earlier.tsMs && Buffer.compare(later.idPrefix, earlier.idPrefix) > 0
}

function readRange(message: RangeMessage): SyncRange {
  const mode = MODES[checkRange(message.mode, [0, MODES.length - 1], 'mode')]
  expectThat(
    (mode === 'fingerprint' || message.fingerprint.length === 0) &&
      (mode === 'ids' || message.ids.length === 0),
    'RANGE_INVALID',
    'expected the content of its mode alone'
  )
  const until = readBound(message)
  if (mode === 'fingerprint') {
    const { fingerprint } = message
    checkLength(fingerprint, SYNC_FINGERPRINT_BYTES, 'fingerprint', 'RANGE_INVALID')
    return { mode, fingerprint, until }
  }
  if (mode === 'ids') return { mode, ids: splitIds(message.ids, SYNC_IDS_MAX), until }
  return { mode: 'skip', until }
}

function readBound(message: RangeMessage): SyncBound | undefined {
  if (message.endless) {
    expectThat(
      message.untilMs === 0n && message.untilId.length === 0,
      'RANGE_INVALID',
      'expected no bound of an endless range'
    )
    return undefined
  }
  expectThat(
    message.untilId.length <= EVENT_ID_BYTES,
    'RANGE_INVALID',
    `expected a prefix of at most ${EVENT_ID_BYTES} bytes`
  )
  return { tsMs: readTime(message.untilMs, 'until_ms'), idPrefix: message.untilId }
}

/** @throws {LIMIT_EXCEEDED | FIELD_INVALID} */
export function splitIds(bytes: Uint8Array, countMax: number): readonly Uint8Array[] {
  const count = bytes.length / EVENT_ID_BYTES
  expectThat(Number.isInteger(count), 'FIELD_INVALID', `expected ids of ${EVENT_ID_BYTES} bytes`)
  checkCount({ length: count }, [0, countMax], 'ids')
  const ids = Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * EVENT_ID_BYTES, (i + 1) * EVENT_ID_BYTES)
  )
  const isDistinct = new Set(ids.map((id) => Buffer.from(id).toString('latin1'))).size === count
  expectThat(isDistinct, 'FIELD_INVALID', 'expected no id twice')
  return ids
}

export function joinIds(ids: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return own(Buffer.concat(ids))
}

/** @throws {FIELD_INVALID} */
export function readRefusal(number: number): Refusal | undefined {
  return number === 0
    ? undefined
    : REFUSALS[checkRange(number, [0, REFUSALS.length], 'refusal') - 1]
}

export function refusalNumber(refusal: Refusal | undefined): number {
  return refusal === undefined ? 0 : REFUSALS.indexOf(refusal) + 1
}
