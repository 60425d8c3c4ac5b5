/** A stream's window is granted anew by halves, and nobody waits for ever: neither of our own nor a peer with yamux as it comes. */
import { noise } from '@chainsafe/libp2p-noise'
import type { StreamMuxerFactory } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { is, ok } from 'uvu/assert'
import { sparingYamux } from '../../../src/network/host/window-updates.ts'
import { until } from '../../support/network-node.ts'
import { suite } from '../../support/suite.ts'

const test = suite('network: window updates', { timeoutMs: 60_000 })

const PROTOCOL = '/test/pour/1'
const MESSAGE_BYTES = 1_024
/** Ten windows of 256 KiB at the least. */
const MESSAGES = 4_096

type Muxer = () => StreamMuxerFactory

/** Counts what goes out on the line. */
function counted(muxer: Muxer, onFrame: () => void): Muxer {
  return () => {
    const factory = muxer()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const send = connection.send.bind(connection)
      connection.send = (data) => {
        onFrame()
        return send(data)
      }
      return create(connection)
    }
    return factory
  }
}

async function openNode(muxer: Muxer): Promise<Libp2p> {
  return await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxer],
    connectionMonitor: { enabled: false }
  })
}

/** @returns frames that the receiver sent while it took everything */
async function pour(giver: Muxer, taker: Muxer): Promise<number> {
  let frames = 0
  let bytes = 0
  const to = await openNode(counted(taker, () => frames++))
  const from = await openNode(giver)
  try {
    await to.handle(PROTOCOL, (stream) => {
      stream.addEventListener('message', ({ data }) => {
        bytes += data.byteLength
      })
    })
    const stream = await from.dialProtocol(to.getMultiaddrs(), PROTOCOL)
    for (let sent = 0; sent < MESSAGES; sent++) {
      if (!stream.send(new Uint8Array(MESSAGE_BYTES))) await stream.onDrain()
    }
    await until(() => bytes >= MESSAGES * MESSAGE_BYTES)
    is(bytes, MESSAGES * MESSAGE_BYTES)
    return frames
  } finally {
    await Promise.all([from.stop(), to.stop()])
  }
}

test('a receiver answers few of the frames', async () => {
  const frames = await pour(sparingYamux(), sparingYamux())
  ok(frames < MESSAGES / 10, `${frames} frames`)
})

test('a peer with yamux as it comes gives to us, and takes from us', async () => {
  ok((await pour(yamux(), sparingYamux())) < MESSAGES / 10)
  await pour(sparingYamux(), yamux())
})
