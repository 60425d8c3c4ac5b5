/** Vectors of the stream protocols: frames of reconciliation, and asking for events. */
import * as fetch from '../../src/wire/generated/fetch.ts'
import { SyncFrame, type SyncRange } from '../../src/wire/generated/sync.ts'
import {
  type DecodeErrorCode,
  decodeFetchRequest,
  decodeFetchResponse,
  decodeSyncFrame,
  encodeFetchRequest,
  encodeFetchResponse,
  encodeSyncFrame
} from '../../src/wire/index.ts'
import { TIME_MS_MAX } from '../../src/wire/limits.ts'
import { bytesOf, NOW_MS, sampleEvents } from './samples.ts'
import { type Fault, invalid, type VectorFile, valid } from './vector.ts'

const NONE = new Uint8Array(0)
const ids = (count: number) =>
  new Uint8Array(Buffer.concat(Array.from({ length: count }, (_, i) => bytesOf(`event ${i}`))))

function frame(ranges: readonly Partial<SyncRange>[], fields: Partial<SyncFrame> = {}): Uint8Array {
  return SyncFrame.encode({
    kind: 1,
    round: 1,
    refusal: 0,
    ranges: ranges.map((range) => ({
      endless: false,
      untilMs: 0n,
      untilId: NONE,
      mode: 0,
      fingerprint: NONE,
      ids: NONE,
      ...range
    })),
    ...fields
  })
}

const untilMs = BigInt(NOW_MS)

function syncFaults(): readonly Fault[] {
  const skip = { untilMs, mode: 0 }
  const endless = { endless: true }
  const many = Array.from({ length: 2_049 }, (_, i) => ({ untilMs: untilMs + BigInt(i) }))
  return [
    ['cut off', 'MALFORMED', frame([skip]).subarray(0, -1)],
    ['a range that runs past its end', 'MALFORMED', Uint8Array.of(34, 2, 26, 9)],
    ['kind 4', 'KIND_UNKNOWN', frame([], { kind: 4 })],
    ['round 0', 'FIELD_INVALID', frame([], { round: 0 })],
    ['round 25', 'FIELD_INVALID', frame([], { round: 25 })],
    ['an unknown refusal', 'FIELD_INVALID', frame([], { refusal: 3 })],
    ['a refusal with ranges', 'LIMIT_EXCEEDED', frame([endless], { refusal: 1 })],
    ['2 049 ranges', 'LIMIT_EXCEEDED', frame(many)],
    ['an unknown mode', 'FIELD_INVALID', frame([{ ...endless, mode: 3 }])],
    [
      'a fingerprint of 15 bytes',
      'RANGE_INVALID',
      frame([{ ...endless, mode: 1, fingerprint: new Uint8Array(15) }])
    ],
    ['ids in a range to skip', 'RANGE_INVALID', frame([{ ...endless, ids: ids(1) }])],
    [
      'a fingerprint beside ids',
      'RANGE_INVALID',
      frame([{ ...endless, mode: 2, fingerprint: new Uint8Array(16) }])
    ],
    [
      'an id of 31 bytes',
      'FIELD_INVALID',
      frame([{ ...endless, mode: 2, ids: new Uint8Array(31) }])
    ],
    ['an id twice', 'FIELD_INVALID', frame([{ ...endless, mode: 2, ids: new Uint8Array(64) }])],
    ['no bound and not endless', 'TIME_INVALID', frame([{ mode: 0 }])],
    ['a bound of an endless range', 'RANGE_INVALID', frame([{ ...endless, untilMs }])],
    ['a bound of 33 bytes', 'RANGE_INVALID', frame([{ ...skip, untilId: new Uint8Array(33) }])],
    ['two ranges with one bound', 'RANGE_INVALID', frame([skip, skip])],
    [
      'bounds that go back',
      'RANGE_INVALID',
      frame([
        { ...skip, untilId: Uint8Array.of(2) },
        { ...skip, untilId: Uint8Array.of(1, 9) }
      ])
    ],
    [
      'a time of the sender after the last one',
      'TIME_INVALID',
      frame([], { sentAtMs: BigInt(TIME_MS_MAX) + 1n })
    ],
    ['a range after the end', 'RANGE_INVALID', frame([endless, skip])],
    ['60 001 bytes', 'TOO_LARGE', new Uint8Array(60_001)]
  ] satisfies readonly (readonly [string, DecodeErrorCode, Uint8Array])[]
}

function syncVectors(): VectorFile {
  const fingerprint = bytesOf('fingerprint', 16)
  const sample = encodeSyncFrame({
    kind: 'alert',
    round: 3,
    refusal: undefined,
    ranges: [
      { mode: 'skip', until: { tsMs: NOW_MS, idPrefix: NONE } },
      { mode: 'fingerprint', fingerprint, until: { tsMs: NOW_MS, idPrefix: Uint8Array.of(0x80) } },
      {
        mode: 'ids',
        ids: [bytesOf('event 1'), bytesOf('event 2')],
        until: { tsMs: NOW_MS + 9, idPrefix: NONE }
      },
      { mode: 'fingerprint', fingerprint, until: undefined }
    ]
  })
  const timed = encodeSyncFrame({
    kind: 'node-announce',
    round: 2,
    refusal: undefined,
    ranges: [],
    sentAtMs: NOW_MS
  })
  const end = encodeSyncFrame({ kind: 'vote', round: 24, refusal: undefined, ranges: [] })
  const busy = encodeSyncFrame({ kind: 'vote', round: 1, refusal: 'busy', ranges: [] })
  return {
    path: 'protocols/sync/vectors/frame.json',
    about: 'Frames of reconciliation: bytes, and what they say or why they are refused.',
    vectors: [
      valid('ranges of every mode', sample, decodeSyncFrame),
      valid('nothing left to compare', end, decodeSyncFrame),
      valid('a first answer with the time of its sender', timed, decodeSyncFrame),
      valid('refused', busy, decodeSyncFrame),
      valid('an unknown field', Buffer.concat([end, Uint8Array.of(0x78, 1)]), decodeSyncFrame),
      ...syncFaults().map((fault) => invalid(fault, decodeSyncFrame))
    ]
  }
}

function fetchVectors(): readonly VectorFile[] {
  const { alert, vote } = sampleEvents()
  const request = encodeFetchRequest({ ids: [alert.id, vote.id] })
  const answer = { refusal: undefined, events: [alert.bytes, vote.bytes], hasMore: false }
  const answered = encodeFetchResponse(answer)
  const response = (fields: Partial<fetch.FetchResponse>) =>
    fetch.FetchResponse.encode({ refusal: 0, events: [], more: false, ...fields })
  const requestFaults: readonly Fault[] = [
    ['no ids', 'FIELD_INVALID', NONE],
    ['an id of 31 bytes', 'FIELD_INVALID', fetch.FetchRequest.encode({ ids: new Uint8Array(31) })],
    ['an id twice', 'FIELD_INVALID', fetch.FetchRequest.encode({ ids: new Uint8Array(64) })],
    ['257 ids', 'LIMIT_EXCEEDED', fetch.FetchRequest.encode({ ids: ids(257) })],
    ['cut off', 'MALFORMED', request.subarray(0, -1)],
    ['far too long', 'TOO_LARGE', new Uint8Array(8_257)]
  ]
  const responseFaults: readonly Fault[] = [
    [
      '257 events',
      'LIMIT_EXCEEDED',
      response({ events: Array.from({ length: 257 }, () => Uint8Array.of(1)) })
    ],
    ['an empty event', 'FIELD_INVALID', response({ events: [NONE] })],
    [
      'an event of more than 64 KiB',
      'LIMIT_EXCEEDED',
      response({ events: [new Uint8Array(65_537)] })
    ],
    ['an unknown refusal', 'FIELD_INVALID', response({ refusal: 3 })],
    [
      'a refusal with events',
      'LIMIT_EXCEEDED',
      response({ refusal: 1, events: [Uint8Array.of(1)] })
    ],
    ['cut off', 'MALFORMED', answered.subarray(0, -1)]
  ]
  return [
    {
      path: 'protocols/fetch/vectors/request.json',
      about: 'Requests for events: bytes, and what they say or why they are refused.',
      vectors: [
        valid('two events', request, decodeFetchRequest),
        valid('256 events', fetch.FetchRequest.encode({ ids: ids(256) }), decodeFetchRequest),
        ...requestFaults.map((fault) => invalid(fault, decodeFetchRequest))
      ]
    },
    {
      path: 'protocols/fetch/vectors/response.json',
      about: 'Answers with events: bytes, and what they say or why they are refused.',
      vectors: [
        valid('both events', answered, decodeFetchResponse),
        valid(
          'one, and no room for the other',
          encodeFetchResponse({ ...answer, events: [alert.bytes], hasMore: true }),
          decodeFetchResponse
        ),
        valid('none of them', NONE, decodeFetchResponse),
        valid(
          'refused',
          encodeFetchResponse({ refusal: 'limit', events: [], hasMore: false }),
          decodeFetchResponse
        ),
        ...responseFaults.map((fault) => invalid(fault, decodeFetchResponse))
      ]
    }
  ]
}

export function streamVectorFiles(): readonly VectorFile[] {
  return [syncVectors(), ...fetchVectors()]
}
