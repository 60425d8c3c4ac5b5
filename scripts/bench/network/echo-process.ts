/** Sends back what comes: the other end of a round trip over TCP. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { answer } from './process-link.ts'

const handlers = {
  listen: async (): Promise<number> => {
    const server = createServer((socket) => {
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy()).pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
}

export type EchoHandlers = typeof handlers

answer(handlers)
