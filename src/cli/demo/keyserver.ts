/**
 * Stands where the keyserver would: behind the demo's HAProxy, and where the node asks for the recon partners, so that the demo
 * asks nothing of a keyserver that may run on this machine.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export class DemoKeyserver {
  readonly #server: Server

  constructor(options: { readonly reconPartners: readonly string[] }) {
    const peers = options.reconPartners.map((address) => ({
      name: `partner ${address}`,
      httpAddr: `${address}:11371`,
      reconAddr: `${address}:11370`
    }))
    this.#server = createServer((request, response) => {
      const isStats = request.url?.includes('op=stats') === true
      response.setHeader('Content-Type', isStats ? 'application/json' : 'text/plain')
      response.end(isStats ? JSON.stringify({ peers }) : 'Here would be the keyserver.\n')
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', resolve)
    })
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
