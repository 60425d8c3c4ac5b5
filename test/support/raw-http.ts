/** A client that does what a library would not: partial headers, endless bodies, reading nothing. */
import { connect, type Socket } from 'node:net'

export interface RawConnection {
  readonly socket: Socket
  /** Everything received so far. */
  received(): string
  /** Resolves when the other side has closed or reset. */
  readonly closed: Promise<void>
  /** Resolves when what was received matches. */
  until(pattern: RegExp): Promise<void>
}

export function rawConnection(
  at: { readonly port: number } | { readonly path: string }
): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', ...at } as never)
    let text = ''
    const waiting: { pattern: RegExp; done: () => void }[] = []
    const check = () => {
      for (const { pattern, done } of waiting) if (pattern.test(text)) done()
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      check()
    })
    const closed = new Promise<void>((done) => {
      socket.once('close', () => done())
      socket.once('end', () => done())
    })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve({
        socket,
        received: () => text,
        closed,
        until: (pattern) =>
          new Promise((done) => {
            waiting.push({ pattern, done })
            check()
          })
      })
    })
  })
}
