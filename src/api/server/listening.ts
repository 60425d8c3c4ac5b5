/** Listening on a port and on a UNIX socket, with errors that name the cure, and the file that tells the CLI where. */
import { chmodSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { messageOf } from '../../base/index.ts'
import { ApiListenError, type ApiListenErrorCode } from '../errors.ts'

/** Where the running API listens, as the CLI finds it in the data directory. */
export interface ApiAddress {
  readonly url: string
  readonly socketPath: string | null
  readonly pid: number
}

const PORT_ERRORS: Readonly<Record<string, readonly [ApiListenErrorCode, string]>> = {
  EADDRINUSE: [
    'API_PORT_IN_USE',
    'another program listens there; stop it (ss -ltnp shows it) or set another api.port'
  ],
  EACCES: [
    'API_PORT_FORBIDDEN',
    'this user may not listen on a port below 1024; set a higher api.port'
  ],
  EADDRNOTAVAIL: [
    'API_HOST_UNAVAILABLE',
    'the host is no address of this machine; set api.host to one that is'
  ],
  ENOTFOUND: [
    'API_HOST_UNAVAILABLE',
    'the host has no address; set api.host to one of this machine'
  ]
}

/** @returns the port, which the system chose where 0 was asked for. @throws {API_PORT_IN_USE | API_PORT_FORBIDDEN | API_HOST_UNAVAILABLE} */
export async function listenOnPort(
  server: Server,
  at: { readonly host: string; readonly port: number }
): Promise<number> {
  try {
    await listen(server, at)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? ''
    const [code, cure] = PORT_ERRORS[errno] ?? ['API_HOST_UNAVAILABLE', messageOf(cause)]
    throw new ApiListenError(
      code,
      `expected to listen on ${at.host} port ${at.port}, got ${errno || 'an error'}: ${cure}`,
      { context: { host: at.host, port: at.port }, cause }
    )
  }
  return (server.address() as AddressInfo).port
}

/** Only the owner may connect. A socket that a killed node left is replaced. @throws {API_SOCKET_IN_USE | API_SOCKET_UNUSABLE} */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  try {
    await removeStaleSocket(path)
    await listen(server, { path })
    chmodSync(path, 0o600)
  } catch (cause) {
    if (cause instanceof ApiListenError) throw cause
    throw new ApiListenError(
      'API_SOCKET_UNUSABLE',
      `expected to make the socket ${path}, got: ${messageOf(cause)}; set api.socketPath to a place that this user may write, or to "" to do without`,
      { context: { path }, cause }
    )
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket()) throw new Error('something that is no socket lies there')
  if (await isAnswered(path)) {
    throw new ApiListenError(
      'API_SOCKET_IN_USE',
      `expected to listen on ${path}, got another node that does; stop it or use another data directory`,
      { context: { path } }
    )
  }
  unlinkSync(path)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function listen(
  server: Server,
  at: { readonly host: string; readonly port: number } | { readonly path: string }
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Written whole or not at all. */
export function writeAddressFile(file: string, address: ApiAddress): void {
  const temporary = `${file}.${address.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(address)}\n`, { mode: 0o644 })
  renameSync(temporary, file)
}

export function removeFile(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It is gone already: that is what was wanted.
  }
}
