/**
 * Receives syslog over UDP, TCP, a UNIX stream socket or a UNIX datagram socket. What was not read when the node stopped is
 * gone: syslog has no past. Who may reach the folder of a UNIX socket may write to it.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { lstat, unlink } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Clock, messageOf, TaskGroup } from '../../../base/index.ts'
import { KeyserverError } from '../../errors.ts'
import type { LineIntake } from '../line-intake.ts'
import { DatagramRelay } from './datagram-relay.ts'
import { SyslogFrames } from './syslog-frames.ts'
import type { Transport, TransportPorts, TransportPosition } from './transport.ts'

export interface SyslogListenerOptions {
  /** `udp://127.0.0.1:514`, `tcp://[::1]:0`, `unix:///run/netminder/log.sock`, `unix-dgram:///run/netminder/log.sock`. */
  readonly listen: string
  readonly maxLineBytes: number
  /** @default 64 */
  readonly maxConnections?: number | undefined
}

type Target =
  | { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix' | 'unix-dgram'; readonly path: string }

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

export class SyslogListener implements Transport {
  readonly #target: Target
  readonly #listen: string
  readonly #maxLineBytes: number
  readonly #maxConnections: number
  readonly #intake: LineIntake
  readonly #clock: Clock
  readonly #relay: DatagramRelay | undefined
  readonly #connections = new Set<Socket>()
  readonly #tasks = new TaskGroup(() => undefined)
  #udp: UdpSocket | undefined
  #server: Server | undefined

  /** @throws {SOURCE_OPTIONS_INVALID} */
  constructor(options: SyslogListenerOptions, ports: TransportPorts) {
    this.#listen = options.listen
    this.#target = parseListen(options.listen)
    this.#maxLineBytes = options.maxLineBytes
    this.#maxConnections = options.maxConnections ?? 64
    this.#intake = ports.intake
    this.#clock = ports.clock
    if (this.#target.kind === 'unix-dgram') {
      this.#relay = new DatagramRelay(
        { path: this.#target.path, maxLineBytes: options.maxLineBytes },
        ports
      )
    }
  }

  /** Port that the system gave out where 0 was asked for; undefined before `open` and for UNIX sockets. */
  get port(): number | undefined {
    if (this.#udp !== undefined) return this.#udp.address().port
    const address = this.#server?.address()
    return typeof address === 'object' && address !== null
      ? (address as AddressInfo).port
      : undefined
  }

  position(): TransportPosition | undefined {
    return undefined
  }

  /** @throws {SOURCE_LISTEN_FAILED} */
  async open(): Promise<void> {
    try {
      if (this.#relay !== undefined) await this.#relay.open()
      else if (this.#target.kind === 'udp') await this.#openUdp(this.#target)
      else await this.#openStream(this.#target)
    } catch (error) {
      throw new KeyserverError(
        'SOURCE_LISTEN_FAILED',
        `expected to receive syslog on ${this.#listen}, got ${messageOf(error)}`,
        { context: { listen: this.#listen }, cause: error }
      )
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#clock.every(1_000, () => this.#intake.settle(), signal)
    if (this.#relay !== undefined) await this.#relay.run(signal)
    if (!signal.aborted) await once(signal, 'abort')
    // Closed to new senders first: one that came in between would keep the server open.
    const closed = new Promise<void>((resolve) => {
      if (this.#udp !== undefined) this.#udp.close(() => resolve())
      else if (this.#server !== undefined) this.#server.close(() => resolve())
      else resolve()
    })
    for (const connection of this.#connections) connection.destroy()
    await this.#tasks.drained()
    await closed
  }

  async #openUdp(target: { host: string; port: number }): Promise<void> {
    const socket = createSocket({
      type: target.host.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES
    })
    socket.on('message', (message) => this.#intake.pushMessage(message.toString('utf8')))
    socket.bind(target.port, target.host)
    await once(socket, 'listening')
    socket.on('error', () => undefined)
    this.#udp = socket
  }

  async #openStream(target: Target): Promise<void> {
    if ('path' in target) await removeStaleSocket(target.path)
    const server = createServer((socket) => this.#tasks.run(() => this.#receive(socket)))
    server.maxConnections = this.#maxConnections
    if ('path' in target) server.listen({ path: target.path, writableAll: true })
    else server.listen(target.port, target.host)
    await once(server, 'listening')
    server.on('error', () => undefined)
    this.#server = server
  }

  async #receive(socket: Socket): Promise<void> {
    this.#connections.add(socket)
    const frames = new SyslogFrames(this.#maxLineBytes, {
      onMessage: (text) => this.#intake.pushMessage(text),
      onTooLong: (sample) => this.#intake.refuse('too-long', sample)
    })
    try {
      // Reading chunk by chunk holds the sender back while we work.
      for await (const chunk of socket) frames.push(chunk as Buffer)
      frames.end()
    } catch {
      // The sender broke off; an unfinished message is not a line.
    } finally {
      this.#connections.delete(socket)
      socket.destroy()
    }
  }
}

/** @throws {SOURCE_OPTIONS_INVALID} */
export function parseListen(listen: string): Target {
  const unix = /^(unix|unix-dgram):(?:\/\/)?(\/\S+)$/.exec(listen)
  if (unix !== null) {
    return { kind: unix[1] === 'unix' ? 'unix' : 'unix-dgram', path: unix[2] ?? '' }
  }
  const match = /^(udp|tcp):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^/:\s]+)):(\d{1,5})$/.exec(listen)
  const port = Number(match?.[4] ?? Number.NaN)
  if (match === null || port > 65_535) {
    throw new KeyserverError(
      'SOURCE_OPTIONS_INVALID',
      `expected udp://HOST:PORT, tcp://HOST:PORT, unix:///PATH or unix-dgram:///PATH, got "${listen}"`
    )
  }
  return { kind: match[1] === 'udp' ? 'udp' : 'tcp', host: match[2] ?? match[3] ?? '', port }
}

/** A socket file that nobody listens on was left by a process that was killed. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined || !stats.isSocket()) return
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (!isAlive) await unlink(path)
}
