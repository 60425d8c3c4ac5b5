/** Clients that keep their connection open and send one request after the other over it. */
import { once } from 'node:events'
import { connect as connectH2 } from 'node:http2'
import { connect, type Socket } from 'node:net'

export interface KeptConnection {
  /** Status of the next request; undefined if the connection is closed. */
  status(): Promise<number | undefined>
  close(): void
}

export interface ConnectionOptions {
  readonly port: number
  readonly localAddress: string
}

async function openSocket({ port, localAddress }: ConnectionOptions): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

export async function keepHttp1(options: ConnectionOptions): Promise<KeptConnection> {
  const socket = await openSocket(options)
  const isClosed = once(socket, 'close').then(() => undefined)
  let text = ''
  let answered: ((status: number) => void) | undefined
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    const [head = '', body] = text.split('\r\n\r\n', 2)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (body === undefined || body.length < length) return
    text = ''
    answered?.(Number(head.slice(9, 12)))
  })
  return {
    async status() {
      if (socket.destroyed) return undefined
      const answer = new Promise<number>((resolve) => {
        answered = resolve
      })
      socket.write('GET / HTTP/1.1\r\nHost: keys.example\r\n\r\n')
      return await Promise.race([answer, isClosed])
    },
    close: () => socket.destroy()
  }
}

export async function keepHttp2(options: ConnectionOptions): Promise<KeptConnection> {
  const socket = await openSocket(options)
  const session = connectH2('http://keys.example', { createConnection: () => socket })
  session.on('error', () => undefined)
  return {
    async status() {
      if (session.destroyed || session.closed) return undefined
      const stream = session.request({ ':path': '/', ':authority': 'keys.example' })
      return await new Promise<number | undefined>((resolve) => {
        stream.on('response', (headers) => resolve(headers[':status']))
        stream.on('error', () => undefined)
        stream.on('close', () => resolve(undefined))
        stream.resume()
      })
    },
    close: () => session.destroy()
  }
}
