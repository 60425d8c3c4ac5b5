/**
 * The networks of a node that may be in none: until it founds or joins one, it has no key, listens nowhere, dials nobody, and
 * does not even load what speaks to others, which takes some 50 MB. The guard does not depend on them: what cannot start with the
 * node, because its port is taken say, is tried again every minute, and until then it is said why. A key in a bad state is another
 * matter.
 */
import { AssertionError, type Clock, messageOf, NetminderError } from '../base/index.ts'
import type { NetworkService, NetworkStatus, NetworkSummary } from '../network/index.ts'
import type { Logger } from '../telemetry/index.ts'

type Create = NetworkService['create']
type Listener = Parameters<NetworkService['onEvent']>[0]

const RETRY_MS = 60_000

const IDLE: NetworkStatus = {
  isRunning: false,
  problem: undefined,
  peerId: '',
  author: '',
  addresses: [],
  connectedPeers: 0,
  networks: [],
  queues: { alert: 0, vote: 0, list: 0, ctl: 0, sync: 0 },
  keyUsedElsewhereAtMs: undefined,
  bannedPeers: { protocol: 0, flood: 0, gossip: 0 },
  clockSkewMs: undefined,
  clockPeers: 0
}

export interface OnDemandPorts {
  load(): Promise<NetworkService>
  hasNetworks(): boolean
  /** What the node is in, from what it keeps: shown while its networks cannot run. */
  kept(): readonly NetworkSummary[]
  readonly clock: Clock
  readonly logger: Pick<Logger, 'error' | 'info'>
}

export class OnDemandNetwork implements NetworkService {
  readonly name = 'network'
  readonly #ports: OnDemandPorts
  readonly #listeners = new Set<Listener>()
  #loaded: Promise<NetworkService> | undefined
  #service: NetworkService | undefined
  #signal: AbortSignal = new AbortController().signal
  #started: Promise<void> | undefined
  #stopped: Promise<unknown> = Promise.resolve()
  #entering = 0
  /** Why the networks do not run though the node is in some. */
  #problem: string | undefined
  #retrying = new AbortController()

  constructor(ports: OnDemandPorts) {
    this.#ports = ports
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal
    if (!this.#ports.hasNetworks()) return
    try {
      await this.#begin()
    } catch (error) {
      if (signal.aborted || endsStart(error)) throw error
      this.#problem = messageOf(error)
      this.#ports.logger.error({ reason: this.#problem }, 'the networks cannot run')
      this.#keepTrying()
    }
  }

  async stop(): Promise<void> {
    this.#retrying.abort()
    this.#problem = undefined
    const started = this.#started
    this.#started = undefined
    if (started === undefined) return
    const stopping = started.catch(() => undefined).then(() => this.#service?.stop())
    this.#stopped = stopping.catch(() => undefined)
    await stopping
  }

  status(): NetworkStatus {
    return this.#running?.status() ?? { ...IDLE, problem: this.#problem }
  }

  list() {
    return this.#running?.list() ?? (this.#problem === undefined ? [] : this.#ports.kept())
  }

  speakingRoom(id: string) {
    return this.#running?.speakingRoom(id)
  }

  async create(fields: Parameters<Create>[0]): ReturnType<Create> {
    return await this.#enter((service) => service.create(fields))
  }

  async invite(id: string, fields: Parameters<NetworkService['invite']>[1]) {
    return (await this.#getRunning()).invite(id, fields)
  }

  readInvitation(text: string) {
    return this.#service?.readInvitation(text) ?? NO_FACTS
  }

  /** Without joining anything: others let the node in by its key. */
  async key() {
    return await (await this.#get()).key()
  }

  async admit(id: string, fields: Parameters<NetworkService['admit']>[1]) {
    return (await this.#getRunning()).admit(id, fields)
  }

  async revoke(id: string, fields: Parameters<NetworkService['revoke']>[1]) {
    return (await this.#getRunning()).revoke(id, fields)
  }

  async join(line: string) {
    return await this.#enter((service) => service.join(line))
  }

  async leave(id: string) {
    const service = await this.#getRunning()
    await service.leave(id)
    await this.#stopIfInNone()
  }

  authors(id: string) {
    return this.#readable?.authors(id) ?? []
  }

  peers(id?: string) {
    return this.#running?.peers(id) ?? []
  }

  async publish(...args: Parameters<NetworkService['publish']>) {
    return (await this.#getRunning()).publish(...args)
  }

  alerts(query: Parameters<NetworkService['alerts']>[0]) {
    return this.#readable?.alerts(query) ?? NOTHING
  }

  threats(query: Parameters<NetworkService['threats']>[0]) {
    return this.#readable?.threats(query) ?? NOTHING
  }

  lists(query: Parameters<NetworkService['lists']>[0]) {
    return this.#readable?.lists(query) ?? NOTHING
  }

  onEvent(listener: Listener) {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  get #running(): NetworkService | undefined {
    const isUp = this.#started !== undefined && this.#problem === undefined
    return isUp ? this.#service : undefined
  }

  /** Undefined in no network; that nothing is known must not look as if nothing were said. @throws {NOT_RUNNING} */
  get #readable(): NetworkService | undefined {
    this.#checkRunning()
    return this.#running
  }

  /** @throws {NOT_RUNNING} */
  async #getRunning(): Promise<NetworkService> {
    this.#checkRunning()
    return await this.#get()
  }

  #checkRunning(): void {
    if (this.#problem === undefined) return
    throw new NetminderError(
      'NOT_RUNNING',
      `the networks of this node do not run: ${this.#problem}`
    )
  }

  #get(): Promise<NetworkService> {
    this.#loaded ??= this.#ports.load().then(
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
      .then((service) => startOrUndo(service, this.#signal))
      .then(() => {
        this.#problem = undefined
      })
      .catch((error: unknown) => {
        // Another try may find the port free.
        this.#started = undefined
        throw error
      })
    return this.#started
  }

  #keepTrying(): void {
    const { clock, logger } = this.#ports
    const retrying = new AbortController()
    this.#retrying = retrying
    const again = async () => {
      if (this.#problem === undefined) return retrying.abort()
      try {
        await this.#begin()
        logger.info({}, 'the networks run')
      } catch (error) {
        // It may be another by now. Stopped meanwhile, there is none.
        if (!retrying.signal.aborted) this.#problem = messageOf(error)
      }
    }
    clock.every(RETRY_MS, again, AbortSignal.any([retrying.signal, this.#signal]))
  }
}

/** A key that others can read, or that is none, is to be seen to before the node speaks to anybody. */
const ENDING_CODES: readonly string[] = [
  'KEY_FILE_INVALID',
  'SECRET_FILE_EXPOSED',
  'SECRET_FILE_UNUSABLE'
]

function endsStart(error: unknown): boolean {
  if (error instanceof AssertionError) return true
  return error instanceof NetminderError && ENDING_CODES.includes(error.code)
}

/** What had begun must not stand in the way of another try. */
async function startOrUndo(service: NetworkService, signal: AbortSignal): Promise<void> {
  try {
    await service.start(signal)
  } catch (error) {
    await service.stop().catch(() => undefined)
    throw error
  }
}

/** Invitations are made by what has been loaded. */
const NO_FACTS = { key: '', addresses: [], hasPublicAddress: false }
const NOTHING = { items: [], nextCursor: undefined }
