/** What may answer at an admin socket instead of a HAProxy in good health. */
import { createServer, type Server, type Socket } from 'node:net'

export type Misbehaviour = (socket: Socket, command: string) => void

/** Each is a way in which an answer can go wrong. */
export const MISBEHAVIOURS = {
  /** A byte now and then, so that something always comes and nothing ends. */
  drips: (socket: Socket) => {
    const timer = setInterval(() => socket.write('0'), 20)
    socket.once('close', () => clearInterval(timer))
  },
  answersNothing: () => undefined,
  stopsInTheMiddle: (socket: Socket) => {
    socket.write('# id (file) description\n0 (/lists/blackl')
  },
  closesInTheMiddle: (socket: Socket) => {
    socket.end('# id (file) description\n0 (/lists/blackl')
  },
  closesAtOnce: (socket: Socket) => {
    socket.end()
  },
  talksGarbage: (socket: Socket) => {
    socket.end(Buffer.from([0, 255, 10, 27, 91, 50, 74, 13, 10, 10]))
  },
  speaksHttp: (socket: Socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n\n\n')
  },
  deniesPermission: (socket: Socket) => {
    socket.end('Permission denied\n\n')
  },
  floods: (socket: Socket) => {
    const chunk = Buffer.alloc(65_536, '0x7f00 10.0.0.1\n')
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  }
} satisfies Record<string, Misbehaviour>

export class FalseProxy {
  readonly path: string
  behaviour: Misbehaviour
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(path: string, behaviour: Misbehaviour) {
    this.path = path
    this.behaviour = behaviour
    this.#server = createServer((socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.once('data', (chunk) => this.behaviour(socket, chunk.toString()))
    })
  }

  static async open(path: string, behaviour: Misbehaviour): Promise<FalseProxy> {
    const proxy = new FalseProxy(path, behaviour)
    await new Promise<void>((resolve) => proxy.#server.listen(path, resolve))
    return proxy
  }

  async dispose(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
