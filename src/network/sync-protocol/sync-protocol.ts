/** Reconciliation over streams: asks peers what they have, and answers them (protocols/sync). */
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Clock } from '../../base/index.ts'
import { protocolId, type Refusal, SYNC_FRAME_BYTES_MAX } from '../../wire/index.ts'
import { askerOf } from '../asker.ts'
import { SyncError } from '../errors.ts'
import { FramedStream } from '../host/framed-stream.ts'
import type { Host } from '../host/host.ts'
import { isPeerFault } from '../host/peer-fault.ts'
import type { LiveSet } from '../sync/live-set.ts'
import { type KindDifference, SyncInitiator } from '../sync/sync-session.ts'
import { FRAME_TIMEOUT_MS, SESSION_TIMEOUT_MS, SESSIONS_MAX } from './constants.ts'
import { refusalFrame, SyncHandler } from './handler.ts'

/** Of the first exchange of a session. */
export interface ClockReading {
  /** Positive: this node's clock is ahead of the peer's. At most half of the round trip away from the truth. */
  readonly aheadMs: number
  readonly roundTripMs: number
}

export interface SyncFindings {
  readonly differences: readonly KindDifference[]
  /** Why it ended early; what was found until then is good. */
  readonly error: SyncError | undefined
  /** Undefined: the peer does not tell its time. */
  readonly reading: ClockReading | undefined
}

export class SyncProtocol {
  readonly id: string
  readonly #host: Host
  readonly #set: LiveSet
  readonly #handler: SyncHandler
  readonly #clock: Clock
  readonly #onDifference: (peer: string) => void
  readonly #isAuthor: (key: Uint8Array) => boolean
  readonly #timeoutMs: number
  readonly #frameTimeoutMs: number

  constructor(
    network: Uint8Array,
    set: LiveSet,
    ports: {
      readonly host: Host
      readonly clock: Clock
      /** A peer that asked does not hold the same. */
      onDifference(peer: string): void
      /** Whether the key may speak in the network. */
      isAuthor(key: Uint8Array): boolean
    },
    options: { readonly timeoutMs?: number; readonly frameTimeoutMs?: number } = {}
  ) {
    this.#isAuthor = (key) => ports.isAuthor(key)
    this.#frameTimeoutMs = options.frameTimeoutMs ?? FRAME_TIMEOUT_MS
    this.#timeoutMs = options.timeoutMs ?? SESSION_TIMEOUT_MS
    this.id = protocolId(network, 'sync')
    this.#host = ports.host
    this.#clock = ports.clock
    this.#onDifference = (peer) => ports.onDifference(peer)
    this.#set = set
    this.#handler = new SyncHandler(set, ports.clock)
  }

  async register(): Promise<void> {
    await this.#host.handle(this.id, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: SESSIONS_MAX
    })
  }

  async unregister(): Promise<void> {
    await this.#host.unhandle(this.id)
  }

  /** @throws {FrameError | Error} if the stream breaks */
  async reconcile(peer: PeerId, signal: AbortSignal): Promise<SyncFindings> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)])
    const stream = await this.#host.openStream(peer, this.id, deadline)
    const framed = new FramedStream(stream, SYNC_FRAME_BYTES_MAX, deadline)
    const session = new SyncInitiator(this.#set)
    let reading: ClockReading | undefined
    try {
      let message = session.open()
      while (message !== undefined) {
        const sentMs = this.#clock.monotonicMs()
        await framed.write(message)
        const answer = await framed.read()
        if (answer === undefined) break
        const roundTripMs = this.#clock.monotonicMs() - sentMs
        message = session.receive(answer)
        reading ??= this.#read(session.peerSentAtMs, roundTripMs)
      }
      await framed.close()
      return { differences: session.differences, error: undefined, reading }
    } catch (error) {
      framed.abort(error)
      if (!(error instanceof SyncError)) throw error
      return { differences: session.differences, error, reading }
    }
  }

  /** The peer's clock was read somewhere between question and answer: the middle is the best guess. */
  #read(peerSentAtMs: number | undefined, roundTripMs: number): ClockReading | undefined {
    if (peerSentAtMs === undefined) return undefined
    const aheadMs = this.#clock.nowMs() - roundTripMs / 2 - peerSentAtMs
    return { aheadMs, roundTripMs }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const deadline = AbortSignal.any([this.#host.signal, AbortSignal.timeout(this.#timeoutMs)])
    const framed = new FramedStream(stream, SYNC_FRAME_BYTES_MAX, deadline)
    const read = () => framed.read(AbortSignal.timeout(this.#frameTimeoutMs))
    const asker = askerOf(connection, { host: this.#host, isAuthor: this.#isAuthor })
    let isOpen = false
    try {
      for (let message = await read(); message !== undefined; message = await read()) {
        const refusal: Refusal | undefined = isOpen ? undefined : this.#handler.open(asker)
        isOpen ||= refusal === undefined
        const answer = isOpen ? this.#handler.handle(asker, message) : undefined
        await framed.write(answer ?? refusalFrame(refusal ?? 'limit'))
        if (answer === undefined) break
      }
      await framed.close()
    } catch (error) {
      framed.abort(error)
      if (isTimeout(error)) this.#handler.noteLate(asker)
      if (isPeerFault(error)) await this.#host.ban(connection.remotePeer, 'protocol')
      throw error
    } finally {
      if (isOpen && this.#handler.close(asker)) this.#onDifference(asker.peer)
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
