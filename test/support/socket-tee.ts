/** Stands between an actuator and HAProxy's admin socket: notes every command, and can do something just before one passes. */
import { connect, createServer, type Server } from 'node:net'

export class SocketTee {
  readonly path: string
  readonly commands: string[] = []
  onCommand: (command: string) => void | Promise<void> = () => undefined
  readonly #server: Server

  private constructor(target: string, path: string) {
    this.path = path
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      let text = ''
      client.on('error', () => undefined)
      client.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (!text.endsWith('\n')) return
        const line = text.trim()
        text = ''
        this.commands.push(...line.split(/(?<!\\);/))
        void Promise.resolve(this.onCommand(line)).then(() => {
          const upstream = connect({ path: target })
          upstream.on('error', () => client.destroy())
          upstream.write(`${line}\n`)
          upstream.pipe(client)
        })
      })
    })
  }

  static async open(target: string, path: string): Promise<SocketTee> {
    const tee = new SocketTee(target, path)
    await new Promise<void>((resolve) => tee.#server.listen(path, resolve))
    return tee
  }

  /** Commands that change something. */
  changing(): string[] {
    return this.commands.filter((command) => !command.startsWith('show '))
  }

  async dispose(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
