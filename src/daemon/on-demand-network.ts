/** The networks of a node that may be in none: until it founds or joins one, it has no key, listens nowhere and dials nobody. */
import type { NetworkService, NetworkStatus } from '../network/index.ts'

type Create = NetworkService['create']

const IDLE: NetworkStatus = {
  isRunning: false,
  peerId: '',
  author: '',
  addresses: [],
  connectedPeers: 0,
  networks: [],
  queues: { alert: 0, vote: 0, list: 0, ctl: 0, sync: 0 },
  clockSkewMs: undefined
}

export class OnDemandNetwork implements NetworkService {
  readonly name = 'network'
  readonly #service: NetworkService
  readonly #hasNetworks: () => boolean
  #signal: AbortSignal = new AbortController().signal
  #started: Promise<void> | undefined

  constructor(service: NetworkService, hasNetworks: () => boolean) {
    this.#service = service
    this.#hasNetworks = hasNetworks
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    if (this.#hasNetworks()) await this.#begin()
  }

  async stop(): Promise<void> {
    const started = this.#started
    this.#started = undefined
    if (started === undefined) return
    await started.catch(() => undefined)
    await this.#service.stop()
  }

  status(): NetworkStatus {
    return this.#started === undefined ? IDLE : this.#service.status()
  }

  list() {
    return this.#started === undefined ? [] : this.#service.list()
  }

  async create(fields: Parameters<Create>[0]): ReturnType<Create> {
    await this.#begin()
    return this.#service.create(fields)
  }

  invite(id: string, fields: Parameters<NetworkService['invite']>[1]) {
    return this.#service.invite(id, fields)
  }

  async join(invitation: string) {
    await this.#begin()
    return this.#service.join(invitation)
  }

  leave(id: string) {
    return this.#service.leave(id)
  }

  peers(id?: string) {
    return this.#started === undefined ? [] : this.#service.peers(id)
  }

  publish(...args: Parameters<NetworkService['publish']>) {
    return this.#service.publish(...args)
  }

  alerts(query: Parameters<NetworkService['alerts']>[0]) {
    return this.#isUnasked(query) ? NOTHING : this.#service.alerts(query)
  }

  threats(query: Parameters<NetworkService['threats']>[0]) {
    return this.#isUnasked(query) ? NOTHING : this.#service.threats(query)
  }

  onEvent(listener: Parameters<NetworkService['onEvent']>[0]) {
    return this.#service.onEvent(listener)
  }

  #isUnasked(query: { readonly network?: string }): boolean {
    return this.#started === undefined && query.network === undefined
  }

  #begin(): Promise<void> {
    this.#started ??= this.#service.start(this.#signal).catch((error: unknown) => {
      // Another try may find the port free.
      this.#started = undefined
      throw error
    })
    return this.#started
  }
}

const NOTHING = { items: [], nextCursor: undefined }
