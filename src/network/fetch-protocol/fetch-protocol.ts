/** Events by their ids over streams, one request a stream (protocols/fetch). */
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import {
  decodeFetchResponse,
  encodeFetchRequest,
  FETCH_REQUEST_BYTES_MAX,
  FETCH_RESPONSE_BYTES_MAX,
  type FetchResponse,
  protocolId
} from '../../wire/index.ts'
import { askerOf } from '../asker.ts'
import { FramedStream } from '../host/framed-stream.ts'
import type { Host } from '../host/host.ts'
import { isPeerFault } from '../host/peer-fault.ts'
import { FETCH_STREAMS_MAX, FETCH_TIMEOUT_MS } from './constants.ts'
import { FetchHandler, type FetchPorts } from './handler.ts'

export class FetchProtocol {
  readonly id: string
  readonly #host: Host
  readonly #handler: FetchHandler
  readonly #isAuthor: (key: Uint8Array) => boolean

  constructor(
    network: Uint8Array,
    ports: FetchPorts & {
      readonly host: Host
      /** Whether the key may speak in the network. */
      isAuthor(key: Uint8Array): boolean
    }
  ) {
    this.id = protocolId(network, 'fetch')
    this.#host = ports.host
    this.#isAuthor = (key) => ports.isAuthor(key)
    this.#handler = new FetchHandler(network, ports)
  }

  async register(): Promise<void> {
    await this.#host.handle(this.id, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: FETCH_STREAMS_MAX
    })
  }

  async unregister(): Promise<void> {
    await this.#host.unhandle(this.id)
  }

  /** At most 256 ids. What comes back is as the peer gave it. @throws {DecodeError | FrameError | Error} */
  async fetch(
    peer: PeerId,
    ids: readonly Uint8Array[],
    signal: AbortSignal
  ): Promise<FetchResponse | undefined> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)])
    const stream = await this.#host.openStream(peer, this.id, deadline)
    const framed = new FramedStream(stream, FETCH_RESPONSE_BYTES_MAX, deadline)
    try {
      await framed.write(encodeFetchRequest({ ids }))
      const answer = await framed.read()
      await framed.close()
      return answer === undefined ? undefined : decodeFetchResponse(answer)
    } catch (error) {
      framed.abort(error)
      throw error
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const deadline = AbortSignal.any([this.#host.signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)])
    const framed = new FramedStream(stream, FETCH_REQUEST_BYTES_MAX, deadline)
    try {
      const request = await framed.read()
      if (request !== undefined) {
        const asker = askerOf(connection, { host: this.#host, isAuthor: this.#isAuthor })
        await framed.write(this.#handler.handle(asker, request))
      }
      await framed.close()
    } catch (error) {
      framed.abort(error)
      if (isPeerFault(error)) await this.#host.ban(connection.remotePeer, 'protocol')
      throw error
    }
  }
}
