/**
 * TCP over loopback with the delay of a network in it, and a knife: what arrives at either end of a connection is held back for a
 * time, in order, and nodes that are apart cannot dial each other. Everything above it is the production node's.
 */
import type { MultiaddrConnection, Upgrader } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Line {
  /** Of each hop, in each direction. */
  readonly delayMs: number
  /** Whether nobody at this end may dial an address. */
  isCut?(address: string): boolean
}

/** What libp2p's connections have and their interface leaves out. */
interface Receiver {
  onData(data: Uint8Array | Uint8ArrayList): void
  onTransportClosed(error?: Error): void
}

/** For `HostPorts.tcp`. */
export function tcpOver(line: Line): typeof tcp {
  return (init) => (components) => {
    const transport = tcp(init)(components)
    const dial = transport.dial.bind(transport)
    transport.dial = async (address, options) => {
      if (line.isCut?.(address.toString())) throw new Error('the line is cut')
      return await dial(address, { ...options, upgrader: slowed(options.upgrader, line) })
    }
    const createListener = transport.createListener.bind(transport)
    transport.createListener = (options) =>
      createListener({ ...options, upgrader: slowed(options.upgrader, line) })
    return transport
  }
}

function slowed(upgrader: Upgrader, { delayMs }: Line): Upgrader {
  const hold = (connection: MultiaddrConnection) => {
    if (delayMs > 0) holdBack(connection, delayMs)
    return connection
  }
  return {
    upgradeOutbound: (connection: MultiaddrConnection, options: never) =>
      upgrader.upgradeOutbound(hold(connection), options),
    upgradeInbound: (connection: MultiaddrConnection, options: never) =>
      upgrader.upgradeInbound(hold(connection), options),
    createInboundAbortSignal: (signal) => upgrader.createInboundAbortSignal(signal),
    getStreamMuxers: () => upgrader.getStreamMuxers(),
    getConnectionEncrypters: () => upgrader.getConnectionEncrypters()
  }
}

function holdBack(connection: MultiaddrConnection, delayMs: number): void {
  const receiver = connection as unknown as Receiver
  if (typeof receiver.onData !== 'function' || typeof receiver.onTransportClosed !== 'function') {
    throw new Error('expected a connection that takes its data by onData')
  }
  const take = receiver.onData.bind(receiver)
  const end = receiver.onTransportClosed.bind(receiver)
  let isEmpty = true
  let waiting: { readonly atMs: number; readonly run: () => void }[] = []
  const release = () => {
    const nowMs = performance.now()
    const due = waiting.filter(({ atMs }) => atMs <= nowMs)
    waiting = waiting.slice(due.length)
    for (const { run } of due) run()
    isEmpty = waiting.length === 0
    const [next] = waiting
    if (next !== undefined) setTimeout(release, Math.max(1, Math.ceil(next.atMs - nowMs)))
  }
  const later = (run: () => void) => {
    waiting.push({ atMs: performance.now() + delayMs, run })
    if (!isEmpty) return
    isEmpty = false
    setTimeout(release, delayMs)
  }
  receiver.onData = (data) => later(() => take(data))
  // The end comes behind what was sent before it.
  receiver.onTransportClosed = (error) => {
    if (error !== undefined || isEmpty) end(error)
    else later(() => end())
  }
}
