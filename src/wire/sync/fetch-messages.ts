/** Asking for events by id, and the answer. The events in it are bytes still: each is decoded and checked like one from gossip. */
import { expectThat } from '../errors.ts'
import { checkCount, own, parse } from '../fields.ts'
import * as wire from '../generated/fetch.ts'
import {
  ANY_EVENT_BYTES_MAX,
  FETCH_EVENTS_BYTES_MAX,
  FETCH_IDS_MAX,
  FETCH_REQUEST_BYTES_MAX,
  FETCH_RESPONSE_BYTES_MAX
} from '../limits.ts'
import { joinIds, type Refusal, readRefusal, refusalNumber, splitIds } from './sync-frame.ts'

export interface FetchRequest {
  /** 1 to 256, none twice. */
  readonly ids: readonly Uint8Array[]
}

export interface FetchResponse {
  readonly refusal: Refusal | undefined
  /** Encoded signed events, a part of those that were asked for. */
  readonly events: readonly Uint8Array[]
  /** Others of them are there, but had no room. */
  readonly hasMore: boolean
}

/** @throws {DecodeError} if others would refuse it */
export function encodeFetchRequest(request: FetchRequest): Uint8Array {
  const bytes = wire.FetchRequest.encode({ ids: joinIds(request.ids) })
  decodeFetchRequest(bytes)
  return bytes
}

/** @throws {DecodeError} */
export function decodeFetchRequest(bytes: Uint8Array): FetchRequest {
  expectThat(
    bytes.length <= FETCH_REQUEST_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${FETCH_REQUEST_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const message = parse(() => wire.FetchRequest.decode(bytes))
  const ids = splitIds(message.ids, FETCH_IDS_MAX)
  checkCount(ids, [1, FETCH_IDS_MAX], 'ids')
  return { ids }
}

/** @throws {DecodeError} if others would refuse it */
export function encodeFetchResponse(response: FetchResponse): Uint8Array {
  const bytes = wire.FetchResponse.encode({
    refusal: refusalNumber(response.refusal),
    events: response.events.map(own),
    more: response.hasMore
  })
  decodeFetchResponse(bytes)
  return bytes
}

/** @throws {DecodeError} */
export function decodeFetchResponse(bytes: Uint8Array): FetchResponse {
  expectThat(
    bytes.length <= FETCH_RESPONSE_BYTES_MAX,
    'TOO_LARGE',
    `expected at most ${FETCH_RESPONSE_BYTES_MAX} bytes`,
    { bytes: bytes.length }
  )
  const {
    refusal: number,
    events,
    more
  } = parse(() => wire.FetchResponse.decode(bytes, { limits: { events: FETCH_IDS_MAX } }))
  const refusal = readRefusal(number)
  checkCount(events, [0, refusal === undefined ? FETCH_IDS_MAX : 0], 'events')
  let total = 0
  for (const event of events) {
    checkCount(event, [1, ANY_EVENT_BYTES_MAX], 'bytes of an event')
    total += event.length
  }
  expectThat(
    total <= FETCH_EVENTS_BYTES_MAX,
    'LIMIT_EXCEEDED',
    `expected events of at most ${FETCH_EVENTS_BYTES_MAX} bytes together`,
    { bytes: total }
  )
  return { refusal, events, hasMore: more }
}
