/** HAProxy's log as events: one per request, whether the deployment writes one line for it or two. */
import type { EventSink, RequestEvent, UnparsedCause } from '../../events.ts'
import { LocalTime } from '../local-time.ts'
import type { LogDecoder } from '../log-decoder.ts'
import { causeOf } from '../unparsed-cause.ts'
import { type BehindProxy, ClientRule } from './client.ts'
import { HaproxyLine, HaproxyLineReader } from './line.ts'
import { findConnectionNotice, findNoticeText, noticeEvent } from './notice.ts'
import { type PairingLimits, PairingTable } from './pairing.ts'
import { backRequest, frontRequest, pairedRequest } from './request.ts'

export interface HaproxyDecoderOptions {
  /** Zone of the log's times: a name, an offset, or empty for the machine's. @default '' */
  readonly timeZone?: string | undefined
  /** @default 'none' */
  readonly behindProxy?: BehindProxy | undefined
  readonly pairing?: Partial<PairingLimits> | undefined
}

const REWRITE_BACKEND = 'be_hockeypuck_rewrite'
const NO_SERVER = '<NOSRV>'
const RECENT_NOTICES = 8
const NO_EVENTS: EventSink = () => undefined

export class HaproxyDecoder implements LogDecoder {
  readonly format = 'haproxy'
  readonly #time: LocalTime
  readonly #reader: HaproxyLineReader
  readonly #clients: ClientRule
  readonly #pairs: PairingTable
  readonly #recentNotices: string[] = []
  #withoutClient = 0
  #emit: EventSink = NO_EVENTS

  /** @throws {TIME_ZONE_INVALID} */
  constructor(options: HaproxyDecoderOptions = {}) {
    this.#time = new LocalTime(options.timeZone)
    this.#reader = new HaproxyLineReader(this.#time)
    this.#clients = new ClientRule(options.behindProxy ?? 'none')
    this.#pairs = new PairingTable((front, back, knownAtMs) => {
      this.#giveOut(front, back, knownAtMs)
    }, options.pairing)
  }

  get logTimeMs(): number {
    return this.#pairs.newestMs
  }

  get withoutClient(): number {
    return this.#withoutClient
  }

  /** Lines that came after their partner had been given out alone; they are part of that event. */
  get latePartners(): number {
    return this.#pairs.latePartners
  }

  decode(line: string, emit: EventSink): UnparsedCause | undefined {
    this.#emit = emit
    const read = this.#reader.read(line)
    if (!(read instanceof HaproxyLine)) return this.#decodeOther(line, read)
    if (read.role === 'single') {
      this.#pairs.observe(read.endMs)
      this.#emitRequest(
        frontRequest(read, this.#clients, { knownAtMs: read.endMs, isComplete: true })
      )
    } else if (read.role === 'back' || expectsBack(read)) {
      this.#pairs.add(read)
    } else {
      this.#pairs.observe(read.endMs)
      this.#pairs.settle(read.endMs)
      this.#emitRequest(
        frontRequest(read, this.#clients, { knownAtMs: read.endMs, isComplete: true })
      )
    }
    return undefined
  }

  settle(logTimeMs: number, emit: EventSink): void {
    this.#emit = emit
    this.#pairs.settle(logTimeMs)
  }

  flush(emit: EventSink): void {
    this.#emit = emit
    this.#pairs.flush()
  }

  pendingLines(): readonly string[] {
    return this.#pairs.pendingLines()
  }

  #giveOut(front: HaproxyLine | undefined, back: HaproxyLine | undefined, knownAtMs: number): void {
    if (front !== undefined && back !== undefined) {
      this.#emitRequest(pairedRequest(front, back, this.#clients))
    } else if (front !== undefined) {
      this.#emitRequest(frontRequest(front, this.#clients, { knownAtMs, isComplete: false }))
    } else if (back !== undefined) {
      this.#emitRequest(backRequest(back, this.#clients, knownAtMs))
    }
  }

  #emitRequest(event: RequestEvent | undefined): void {
    if (event === undefined) this.#withoutClient++
    else this.#emit(event)
  }

  #decodeOther(line: string, cause: UnparsedCause): UnparsedCause | undefined {
    const connection = findConnectionNotice(line, this.#time)
    if (connection !== undefined) {
      this.#pairs.observe(connection.atMs)
      const source = this.#clients.fromPeer(connection.peer)
      this.#emit(noticeEvent(line, connection.text, { atMs: connection.atMs, source }))
      return undefined
    }
    const notice = findNoticeText(line)
    if (notice === undefined) return causeOf(line, cause)
    const isRepeat = notice.isBare && this.#recentNotices.includes(notice.text)
    if (!notice.isBare) {
      this.#recentNotices.push(notice.text.slice(0, 1_024))
      if (this.#recentNotices.length > RECENT_NOTICES) this.#recentNotices.shift()
    }
    // Notices carry no time: theirs is that of the line before, and the very first lines of a log have none.
    if (!isRepeat && this.logTimeMs > 0) {
      this.#emit(noticeEvent(line, notice.text, { atMs: this.logTimeMs, source: undefined }))
    }
    return undefined
  }
}

/** True if HAProxy handed the request on to its second front end, which then writes line B. */
function expectsBack(front: HaproxyLine): boolean {
  return front.backend === REWRITE_BACKEND && front.server !== NO_SERVER
}
