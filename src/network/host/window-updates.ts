/**
 * Yamux that grants its peer more once half of a stream's window is used up, as the reference implementation does (hashicorp/yamux,
 * `sendWindowUpdate`): js-libp2p's grants the bytes of every frame at once, and every second frame on the line is such a grant.
 */
import type { StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'

/** yamux's own name for a stream that both ends know of. */
const ESTABLISHED = 3

/** What yamux's streams have and their interface leaves out. */
interface WindowedStream {
  readonly state: number
  /** Bytes that the peer may send in all before it waits, and that are left of them. */
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

interface WindowedMuxer {
  _newStream(...args: unknown[]): WindowedStream
}

export function sparingYamux(...[init]: Parameters<typeof yamux>): () => StreamMuxerFactory {
  const create = yamux(init)
  return () => {
    const factory = create()
    const createMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createMuxer(connection)
      spareUpdates(muxer as unknown as WindowedMuxer)
      return muxer
    }
    return factory
  }
}

function spareUpdates(muxer: WindowedMuxer): void {
  if (typeof muxer._newStream !== 'function') {
    throw new Error('expected a muxer that makes its streams by _newStream')
  }
  const open = muxer._newStream.bind(muxer)
  muxer._newStream = (...args) => {
    const stream = open(...args)
    const send = stream.sendWindowUpdate.bind(stream)
    stream.sendWindowUpdate = () => {
      const isHalfFull = stream.recvWindowCapacity * 2 > stream.recvWindow
      if (stream.state !== ESTABLISHED || !isHalfFull) send()
    }
    return stream
  }
}
