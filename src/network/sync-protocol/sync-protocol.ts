/** Reconciliation over streams: asks peers what they have, and answers them (protocols/sync). */
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { protocolId, SYNC_FRAME_BYTES_MAX } from '../../wire/index.ts'
import { SyncError } from '../errors.ts'
import { FramedStream } from '../host/framed-stream.ts'
import type { Host } from '../host/host.ts'
import type { LiveSet } from '../sync/live-set.ts'
import { type KindDifference, SyncInitiator } from '../sync/sync-session.ts'
import { SESSION_TIMEOUT_MS, SESSIONS_MAX } from './constants.ts'
import { busyFrame, SyncHandler } from './handler.ts'

export interface SyncFindings {
  readonly differences: readonly KindDifference[]
  /** Why it ended early; what was found until then is good. */
  readonly error: SyncError | undefined
}

export class SyncProtocol {
  readonly id: string
  readonly #host: Host
  readonly #set: LiveSet
  readonly #handler: SyncHandler

  constructor(network: Uint8Array, set: LiveSet, host: Host) {
    this.id = protocolId(network, 'sync')
    this.#host = host
    this.#set = set
    this.#handler = new SyncHandler(set)
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
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(SESSION_TIMEOUT_MS)])
    const stream = await this.#host.openStream(peer, this.id, deadline)
    const framed = new FramedStream(stream, SYNC_FRAME_BYTES_MAX, deadline)
    const session = new SyncInitiator(this.#set)
    try {
      let message = session.open()
      while (message !== undefined) {
        await framed.write(message)
        const answer = await framed.read()
        if (answer === undefined) break
        message = session.receive(answer)
      }
      await framed.close()
      return { differences: session.differences, error: undefined }
    } catch (error) {
      framed.abort(error)
      if (!(error instanceof SyncError)) throw error
      return { differences: session.differences, error }
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    const deadline = AbortSignal.any([this.#host.signal, AbortSignal.timeout(SESSION_TIMEOUT_MS)])
    const framed = new FramedStream(stream, SYNC_FRAME_BYTES_MAX, deadline)
    const isOpen = this.#handler.open(peer)
    try {
      for (;;) {
        const message = await framed.read()
        if (message === undefined) break
        const answer = isOpen ? this.#handler.handle(peer, message) : busyFrame()
        if (answer !== undefined) await framed.write(answer)
        if (!isOpen) break
      }
      await framed.close()
    } catch (error) {
      framed.abort(error)
      throw error
    } finally {
      if (isOpen) this.#handler.close(peer)
    }
  }
}
