/** How long bytes take over loopback to another process and back: nothing can be told faster. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { EchoHandlers } from './echo-process.ts'
import { ProcessLink } from './process-link.ts'

const ECHO_PROCESS = join(import.meta.dirname, 'echo-process.ts')

export class RoundTrip {
  readonly #bytes: Uint8Array
  readonly #process = new ProcessLink<EchoHandlers>(ECHO_PROCESS)
  #socket: Socket | undefined

  constructor(bytes: number) {
    this.#bytes = new Uint8Array(bytes)
  }

  async open(): Promise<void> {
    const port = await this.#process.ask('listen')
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true)
    await once(this.#socket, 'connect')
  }

  async milliseconds(): Promise<number> {
    const socket = this.#socket
    if (socket === undefined) throw new Error('expected an open connection')
    const startMs = performance.now()
    let missing = this.#bytes.length
    await new Promise<void>((resolve) => {
      const take = (chunk: Buffer) => {
        missing -= chunk.length
        if (missing > 0) return
        socket.off('data', take)
        resolve()
      }
      socket.on('data', take).write(this.#bytes)
    })
    return performance.now() - startMs
  }

  async close(): Promise<void> {
    this.#socket?.destroy()
    await this.#process.stop()
  }
}
