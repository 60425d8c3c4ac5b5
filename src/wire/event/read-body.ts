/** Bodies of events: from protobuf to plain data, every number in its range. What a message says twice, the later word holds. */
import { isWellFormedKey } from '../ed25519.ts'
import { expectThat } from '../errors.ts'
import { checkCount, checkLength, checkRange, parse, readText, readTime } from '../fields.ts'
import * as wire from '../generated/event.ts'
import * as limits from '../limits.ts'
import { readAdmission } from '../network/admission.ts'
import {
  type AlertBody,
  type AlertIndicator,
  type EventBody,
  type ListDeltaBody,
  type NetworkEvent,
  type NodeAnnounceBody,
  type RevokeBody,
  STANCES,
  type Vote,
  type VoteBody
} from './bodies.ts'
import { compareRead, readIndicator } from './indicator.ts'
import type { EventKind } from './kinds.ts'

/** When the event says that it was made. */
type EventTime = Pick<NetworkEvent, 'tsMs'>

/** @throws {DecodeError} */
export function readBody(
  kind: Exclude<EventKind, 'equivocation-proof'>,
  bytes: Uint8Array,
  time: EventTime
): EventBody {
  switch (kind) {
    case 'alert':
      return readAlert(bytes, time)
    case 'vote':
      return readVotes(bytes, time)
    case 'list-delta':
      return readListDelta(bytes)
    case 'retract':
      return readRetract(bytes)
    case 'node-announce':
      return readNodeAnnounce(bytes)
    case 'revoke':
      return readRevoke(bytes)
  }
}

const BUCKETS = [0, limits.COUNT_BUCKET_MAX] as const
const CONFIDENCES = [0, limits.CONFIDENCE_MAX] as const
const CATEGORIES = [1, limits.CATEGORY_MAX] as const
const CLASSES = [0, limits.CLASS_MAX] as const

function readAlert(bytes: Uint8Array, { tsMs }: EventTime): AlertBody {
  const message = parse(() =>
    wire.AlertBody.decode(bytes, { limits: { indicators: limits.ALERT_INDICATORS_MAX } })
  )
  const { evidence } = message
  expectThat(evidence !== undefined, 'FIELD_INVALID', 'expected evidence')
  checkCount(message.indicators, [1, limits.ALERT_INDICATORS_MAX], 'indicators')
  const window = readSpan(message.windowStartMs, message.windowEndMs, tsMs)
  const indicators = message.indicators.map((indicator): AlertIndicator => {
    const span = readSpan(indicator.firstMs, indicator.lastMs, tsMs)
    return {
      prefix: readIndicator(indicator.indicator, limits.ACCUSED_PREFIX_LENGTH_MIN),
      count: checkRange(indicator.count, BUCKETS, 'count'),
      ...span
    }
  })
  checkDistinct(indicators)
  return {
    kind: 'alert',
    incident: checkLength(message.incident, limits.INCIDENT_ID_BYTES, 'incident'),
    category: checkRange(message.category, CATEGORIES, 'category'),
    severity: checkRange(message.severity, [0, limits.SEVERITY_MAX], 'severity'),
    confidence: checkRange(message.confidence, CONFIDENCES, 'confidence'),
    windowStartMs: window.firstMs,
    windowEndMs: window.lastMs,
    pathClass: checkRange(message.pathClass, CLASSES, 'path_class'),
    portClass: checkRange(message.portClass, CLASSES, 'port_class'),
    indicators,
    asn: message.asn === 0 ? undefined : message.asn,
    evidence: {
      requests: checkRange(evidence.requests, BUCKETS, 'requests'),
      errors: checkRange(evidence.errors, BUCKETS, 'errors'),
      bytes: checkRange(evidence.bytes, BUCKETS, 'bytes'),
      distinctPaths: checkRange(evidence.distinctPaths, BUCKETS, 'distinct_paths')
    },
    tlp: checkRange(message.tlp, [0, limits.TLP_MAX], 'tlp')
  }
}

function readVotes(bytes: Uint8Array, { tsMs }: EventTime): VoteBody {
  const message = parse(() =>
    wire.VoteBody.decode(bytes, { limits: { votes: limits.VOTE_INDICATORS_MAX } })
  )
  checkCount(message.votes, [1, limits.VOTE_INDICATORS_MAX], 'votes')
  const votes = message.votes.map((vote) => readVote(vote, tsMs))
  checkDistinct(votes)
  return { kind: 'vote', votes }
}

function readVote(vote: wire.Vote, tsMs: number): Vote {
  const stance = STANCES[checkRange(vote.stance, [1, STANCES.length], 'stance') - 1]
  expectThat(stance !== undefined, 'FIELD_INVALID', 'expected a stance')
  const ttls = stance === 'retract' ? ([0, 0] as const) : ([1, limits.VOTE_TTL_S_MAX] as const)
  return {
    prefix: readIndicator(vote.indicator, limits.ACCUSED_PREFIX_LENGTH_MIN),
    stance,
    confidence: checkRange(vote.confidence, CONFIDENCES, 'confidence'),
    category: checkRange(vote.category, CATEGORIES, 'category'),
    isFirstHand: vote.firstHand,
    ...readSpan(vote.firstMs, vote.lastMs, tsMs),
    count: checkRange(vote.count, BUCKETS, 'count'),
    ttlS: checkRange(vote.ttlS, ttls, 'ttl_s')
  }
}

/** What is told lies in the past of the telling, clocks allowed for. */
function readSpan(first: bigint, last: bigint, tsMs: number): { firstMs: number; lastMs: number } {
  const firstMs = readTime(first, 'first_ms')
  const lastMs = readTime(last, 'last_ms')
  expectThat(
    firstMs <= lastMs && lastMs <= tsMs + limits.CLOCK_SKEW_MS_MAX,
    'TIME_INVALID',
    'expected a beginning before an end, and an end before the event'
  )
  return { firstMs, lastMs }
}

function checkDistinct(items: readonly { readonly prefix: string }[]): void {
  expectThat(
    new Set(items.map(({ prefix }) => prefix)).size === items.length,
    'INDICATOR_INVALID',
    'expected no prefix twice'
  )
}

const LIST_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

function readListDelta(bytes: Uint8Array): ListDeltaBody {
  const counts = { adds: limits.LIST_CHANGES_MAX, removes: limits.LIST_CHANGES_MAX }
  const message = parse(() => wire.ListDeltaBody.decode(bytes, { limits: counts }))
  const list = readText(message.list, limits.LIST_NAME_BYTES_MAX, 'list')
  expectThat(LIST_NAME.test(list), 'TEXT_INVALID', 'expected list in kebab-case')
  const version = checkRange(message.version, [1, 0xffff_ffff], 'version')
  const previousDigest = checkLength(message.previousDigest, limits.DIGEST_BYTES, 'previous_digest')
  expectThat(
    (version === 1) === previousDigest.every((byte) => byte === 0),
    'FIELD_INVALID',
    'expected a digest of zeros before version 1, and only there'
  )
  const adds = readEntries(message.adds)
  const removes = readEntries(message.removes)
  expectThat(
    new Set([...adds, ...removes]).size === adds.length + removes.length,
    'INDICATOR_INVALID',
    'expected no prefix both added and removed'
  )
  return {
    kind: 'list-delta',
    list,
    version,
    previousDigest,
    digest: checkLength(message.digest, limits.DIGEST_BYTES, 'digest'),
    count: checkRange(message.count, [0, limits.LIST_ENTRIES_MAX], 'count'),
    adds,
    removes
  }
}

/** One order, so that one change has one spelling. */
function readEntries(indicators: readonly wire.Indicator[]): readonly string[] {
  const entries = indicators.map((indicator) =>
    readIndicator(indicator, limits.LISTED_PREFIX_LENGTH_MIN)
  )
  let before: wire.Indicator | undefined
  for (const indicator of indicators) {
    expectThat(
      before === undefined || compareRead(before, indicator) < 0,
      'INDICATOR_INVALID',
      'expected ascending prefixes'
    )
    before = indicator
  }
  return entries
}

function readRetract(bytes: Uint8Array): EventBody {
  const message = parse(() => wire.RetractBody.decode(bytes))
  return {
    kind: 'retract',
    eventId: checkLength(message.eventId, limits.EVENT_ID_BYTES, 'event_id')
  }
}

function readNodeAnnounce(bytes: Uint8Array): NodeAnnounceBody {
  const message = parse(() =>
    wire.NodeAnnounceBody.decode(bytes, { limits: { addresses: limits.ADDRESSES_MAX } })
  )
  checkAddresses(message.addresses)
  return {
    kind: 'node-announce',
    name: readText(message.name, limits.NODE_NAME_BYTES_MAX, 'name'),
    agent: readText(message.agent, limits.AGENT_BYTES_MAX, 'agent'),
    addresses: message.addresses,
    admission: message.admission === undefined ? undefined : readAdmission(message.admission),
    isLeaving: message.leaving
  }
}

/** @throws {LIMIT_EXCEEDED | FIELD_INVALID} */
export function checkAddresses(addresses: readonly Uint8Array[]): void {
  checkCount(addresses, [0, limits.ADDRESSES_MAX], 'addresses')
  for (const address of addresses) {
    checkCount(address, [1, limits.ADDRESS_BYTES_MAX], 'bytes of an address')
  }
}

const SUBJECTS = ['author', 'invitation'] as const

function readRevoke(bytes: Uint8Array): RevokeBody {
  const message = parse(() => wire.RevokeBody.decode(bytes))
  const subject = SUBJECTS[checkRange(message.subject, [1, SUBJECTS.length], 'subject') - 1]
  expectThat(subject !== undefined, 'FIELD_INVALID', 'expected a subject')
  expectThat(isWellFormedKey(message.key), 'KEY_INVALID', 'expected an Ed25519 public key')
  return {
    kind: 'revoke',
    subject,
    key: message.key,
    reason: readText(message.reason, limits.REASON_BYTES_MAX, 'reason')
  }
}
