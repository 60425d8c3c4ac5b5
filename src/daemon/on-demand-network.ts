/**
 * The networks of a node that may be in none: until it founds or joins one, it has no key, listens nowhere, dials nobody, and
 * does not even load what speaks to others, which takes some 50 MB.
 */
import type { NetworkService, NetworkStatus } from '../network/index.ts'

type Create = NetworkService['create']
type Listener = Parameters<NetworkService['onEvent']>[0]

const IDLE: NetworkStatus = {
  isRunning: false,
  peerId: '',
  author: '',
  addresses: [],
  connectedPeers: 0,
  networks: [],
  queues: { alert: 0, vote: 0, list: 0, ctl: 0, sync: 0 },
  keyUsedElsewhereAtMs: undefined,
  clockSkewMs: undefined,
  clockPeers: 0
}

export class OnDemandNetwork implements NetworkService {
  readonly name = 'network'
  readonly #load: () => Promise<NetworkService>
  readonly #hasNetworks: () => boolean
  readonly #listeners = new Set<Listener>()
  #loaded: Promise<NetworkService> | undefined
  #service: NetworkService | undefined
  #signal: AbortSignal = new AbortController().signal
  #started: Promise<void> | undefined
  #stopped: Promise<unknown> = Promise.resolve()
  #entering = 0

  constructor(load: () => Promise<NetworkService>, hasNetworks: () => boolean) {
    this.#load = load
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
    const stopping = started.catch(() => undefined).then(() => this.#service?.stop())
    this.#stopped = stopping.catch(() => undefined)
    await stopping
  }

  status(): NetworkStatus {
    return this.#running?.status() ?? IDLE
  }

  list() {
    return this.#running?.list() ?? []
  }

  async create(fields: Parameters<Create>[0]): ReturnType<Create> {
    return await this.#enter((service) => service.create(fields))
  }

  async invite(id: string, fields: Parameters<NetworkService['invite']>[1]) {
    return (await this.#get()).invite(id, fields)
  }

  async join(invitation: string) {
    return await this.#enter((service) => service.join(invitation))
  }

  async leave(id: string) {
    const service = await this.#get()
    await service.leave(id)
    await this.#stopIfInNone()
  }

  peers(id?: string) {
    return this.#running?.peers(id) ?? []
  }

  async publish(...args: Parameters<NetworkService['publish']>) {
    return (await this.#get()).publish(...args)
  }

  alerts(query: Parameters<NetworkService['alerts']>[0]) {
    return this.#running?.alerts(query) ?? NOTHING
  }

  threats(query: Parameters<NetworkService['threats']>[0]) {
    return this.#running?.threats(query) ?? NOTHING
  }

  onEvent(listener: Listener) {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  get #running(): NetworkService | undefined {
    return this.#started === undefined ? undefined : this.#service
  }

  #get(): Promise<NetworkService> {
    this.#loaded ??= this.#load().then(
      (service) => {
        this.#service = service
        service.onEvent((...heard) => {
          for (const listener of this.#listeners) listener(...heard)
        })
        return service
      },
      (error: unknown) => {
        // Short of memory or of files; another try may have them.
        this.#loaded = undefined
        throw error
      }
    )
    return this.#loaded
  }

  async #enter<T>(enter: (service: NetworkService) => Promise<T>): Promise<T> {
    this.#entering++
    try {
      await this.#begin()
      return await enter(await this.#get())
    } finally {
      this.#entering--
      await this.#stopIfInNone()
    }
  }

  /** The last network was left, or the invitation was none: nobody is to be listened to any more. */
  async #stopIfInNone(): Promise<void> {
    if (this.#entering > 0 || this.#running === undefined || this.list().length > 0) return
    await this.stop()
  }

  #begin(): Promise<void> {
    this.#started ??= this.#stopped
      .then(() => this.#get())
      .then((service) => service.start(this.#signal))
      .catch((error: unknown) => {
        // Another try may find the port free.
        this.#started = undefined
        throw error
      })
    return this.#started
  }
}

const NOTHING = { items: [], nextCursor: undefined }
